-- Bring changed events to the sheet. Parameters: events (jsonb array of records with event_id).
-- Idempotent. Rows: none.
update events as e
set
  name = r.name, venue = r.venue, city = r.city, country = r.country, event_date = r.event_date, timezone = r.timezone,
  timezone_source = r.timezone_source, event_at = r.event_at, is_tracked = r.is_tracked, capacity = r.capacity,
  event_group = r.event_group, poll_interval = r.poll_interval, sheet_row = r.sheet_row, updated_at = now(),
  untracked_at = case when r.is_tracked then null else coalesce(e.untracked_at, now()) end
from
  jsonb_to_recordset(%(events)s)
    as r (
      event_id bigint, name text, venue text, city text, country text, event_date timestamp, timezone text,
      timezone_source text, event_at timestamptz, is_tracked boolean, capacity integer, event_group text,
      poll_interval interval, sheet_row integer
    )
where e.event_id = r.event_id
