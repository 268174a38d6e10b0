-- Add new events. Parameters: events (jsonb array of event records, each with its sheet_row).
-- Not idempotent by itself: the caller holds the watchlist lock and has matched known events. Rows: one per event.
insert into events (
  name, venue, city, country, event_date, timezone, timezone_source, event_at, is_tracked, capacity, event_group,
  poll_interval, sheet_row, untracked_at
)
select
  r.name, r.venue, r.city, r.country, r.event_date, r.timezone, r.timezone_source, r.event_at, r.is_tracked, r.capacity,
  r.event_group, r.poll_interval, r.sheet_row, case when r.is_tracked then null else now() end
from
  jsonb_to_recordset(%(events)s)
    as r (
      name text, venue text, city text, country text, event_date timestamp, timezone text, timezone_source text,
      event_at timestamptz, is_tracked boolean, capacity integer, event_group text, poll_interval interval,
      sheet_row integer
    )
returning event_id, sheet_row
