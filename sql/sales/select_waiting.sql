-- Pairs of captures of a span over which sales can be estimated and are not yet. Parameters: starts_from, starts_until.
-- Rows: up to 1,000; none when all is well.
select s.event_id, s.marketplace, s.captured_at
from snapshots as s
left join sale_departures as d
  on
    d.event_id = s.event_id and d.marketplace = s.marketplace and d.captured_at = s.captured_at
    and d.captured_at >= %(starts_from)s and d.captured_at < %(starts_until)s
where
  s.captured_at >= %(starts_from)s and s.captured_at < %(starts_until)s and s.previous_captured_at is not null
  and s.censored_because is null and coalesce(d.is_stale, true)
order by s.captured_at
limit 1000
