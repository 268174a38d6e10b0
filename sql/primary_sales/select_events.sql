-- The organiser's events, first to start first. Parameters: none. Rows: one per event.
select
  external_id, name, starts_at, timezone, event_on, capacity, gender_slug, age_slug, gender_options, problems,
  is_listed
from vivenu_events
order by starts_at nulls last, external_id
