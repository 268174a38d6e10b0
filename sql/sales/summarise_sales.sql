-- What is stored of the hours of a span. Parameters: starts_from, starts_until (whole hours, UTC). Rows: one per hour that has
-- estimates: hour_at, rows, events and hours of events that are covered.
select
  s.hour_at, count(*)::integer as rows, count(distinct s.event_id)::integer as events,
  (count(*) filter (where s.zone = '*'))::integer as event_hours
from estimated_sales as s
where s.hour_at >= %(starts_from)s and s.hour_at < %(starts_until)s
group by s.hour_at
order by s.hour_at
