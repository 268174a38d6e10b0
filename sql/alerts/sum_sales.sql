-- Estimated sales of the hours before captures. Parameters, arrays with one element per question: event_ids, marketplaces,
-- zones, captured, hours (integer[]). Rows: those for which sales are estimated.
select u.number, sum(coalesce(n.tickets, 0)) as value
from
  unnest(%(event_ids)s::bigint[], %(marketplaces)s::text[], %(zones)s::text[], %(captured)s::timestamptz[], %(hours)s::integer[])
  with ordinality as u (event_id, marketplace, zone, captured_at, hours, number)
-- Hours of the whole event say what is covered: a zone has no row where nothing left it.
inner join estimated_sales as q
  on
    q.event_id = u.event_id and q.marketplace = u.marketplace and q.zone = '*' and q.hour_at <= u.captured_at
    and q.hour_at > u.captured_at - make_interval(hours => u.hours)
left join estimated_sales as n
  on n.event_id = q.event_id and n.marketplace = q.marketplace and n.hour_at = q.hour_at and n.zone = u.zone
group by u.number
