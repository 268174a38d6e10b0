-- The get-in price at the dearest marketplace less that at the cheapest, as of captures; only of markets in order that were
-- captured close enough to each other, and whose price is not thin.
-- Parameters, arrays with one element per question: event_ids, captured, together.
-- Rows: one per currency in which a marketplace sells, of events with several; value is null where fewer than two count, and
-- obstacle says why the others do not.
with sides as (
  select
    u.number, s.currency, s.marketplace, s.get_in_price,
    case
      when s.health <> 'ok' then s.marketplace || ' is ' || s.health
      when is_thin(s.get_in_price, s.floor_price) then 'the price at ' || s.marketplace || ' is thin'
      when s.is_too_far_apart then s.marketplace || ' was seen at another time'
    end as obstacle
  from
    unnest(%(event_ids)s::bigint[], %(captured)s::timestamptz[], %(together)s::integer[])
    with ordinality as u (event_id, captured_at, together, number)
  cross join lateral spread(u.event_id, u.together, u.captured_at) as s
  where
    s.get_in_price is not null
    and (
      select count(*)
      from poll_schedule as p
      where p.event_id = u.event_id and has_listings(p.marketplace)
    ) > 1
)

select
  number, currency,
  case
    when count(*) filter (where obstacle is null) > 1
      then max(get_in_price) filter (where obstacle is null) - min(get_in_price) filter (where obstacle is null)
  end as value,
  string_agg(obstacle, ', ' order by marketplace) as obstacle
from sides
group by number, currency
