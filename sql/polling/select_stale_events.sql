-- Tracked events whose last success is older than a multiple of their interval, with why. Those that nobody has given an
-- interval yet, because no sensor runs, count too.
-- Parameters: marketplace (text or null: all), this_moment, multiple (double precision), grace (interval). Rows: one per event.
select
  e.event_id, p.marketplace, s.external_id, e.name, p.poll_interval, p.last_success_at, p.last_outcome, p.last_error,
  p.consecutive_failures
from poll_schedule as p
inner join events as e on e.event_id = p.event_id
inner join event_sources as s on s.event_id = p.event_id and s.marketplace = p.marketplace and s.is_current
where
  e.is_tracked and e.event_at > %(this_moment)s
  and (%(marketplace)s::text is null or p.marketplace = %(marketplace)s)
  and coalesce(p.last_success_at, s.first_seen_at)
  + coalesce(p.poll_interval, interval '12 hours') * %(multiple)s + %(grace)s < %(this_moment)s
order by p.last_success_at nulls first
