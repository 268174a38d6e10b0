-- Every event with its current marketplace ids, as the sync compares them with the sheet.
-- Rows: one per event.
select
  e.event_id, e.name, e.venue, e.city, e.country, e.event_date, e.timezone, e.timezone_source, e.event_at, e.is_tracked,
  e.capacity, e.event_group, e.poll_interval, e.sheet_row,
  coalesce(
    (
      select jsonb_object_agg(s.marketplace, s.external_id)
      from event_sources as s
      where s.event_id = e.event_id and s.is_current
    ),
    '{}'::jsonb
  ) as external_ids
from events as e
order by e.event_id
