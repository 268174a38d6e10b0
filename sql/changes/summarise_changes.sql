-- What is stored of the hours of a span. Parameters: starts_from, starts_until (whole hours, UTC). Rows: one per hour that
-- has compared captures: hour_at, rows, events, snapshots (those that were compared).
select
  h.hour_at, sum(h.changes)::integer as rows, count(distinct h.event_id)::integer as events,
  count(*)::integer as snapshots
from (
  select
    s.event_id, date_bin('1 hour', s.captured_at, timestamptz '2000-01-01 00:00+00') as hour_at, count(c.event_id) as changes
  from snapshots as s
  left join listing_changes as c
    on
      c.event_id = s.event_id and c.marketplace = s.marketplace and c.captured_at = s.captured_at
      and c.captured_at >= %(starts_from)s and c.captured_at < %(starts_until)s
  where
    s.captured_at >= %(starts_from)s and s.captured_at < %(starts_until)s and s.previous_captured_at is not null
  group by s.event_id, s.marketplace, s.captured_at
) as h
group by h.hour_at
order by h.hour_at
