-- The get-in price at the dearest marketplace less that at the cheapest, as of captures; only of markets in order that were
-- captured close enough to each other, and whose price is not thin.
-- Parameters, arrays with one element per question: event_ids, captured, together.
-- Rows: one per currency in which two marketplaces sell.
select u.number, s.currency, max(s.get_in_price) - min(s.get_in_price) as value
from
  unnest(%(event_ids)s::bigint[], %(captured)s::timestamptz[], %(together)s::integer[])
  with ordinality as u (event_id, captured_at, together, number)
cross join lateral spread(u.event_id, u.together, u.captured_at) as s
where
  s.get_in_price is not null and not is_thin(s.get_in_price, s.floor_price) and not s.is_too_far_apart and s.health = 'ok'
group by u.number, s.currency
having count(*) > 1
