-- Bring the events to what vivenu lists; those it no longer lists stay, marked, if the list is whole. Parameters: events
-- (jsonb array), is_whole.
-- Idempotent by external_id. Rows touched: every event known.
with incoming as (
  select r.*
  from
    jsonb_to_recordset(%(events)s)
      as r (
        external_id text, name text, starts_at timestamptz, ends_at timestamptz, timezone text, event_on date,
        event_type text, root_id text, capacity integer, gender_slug text, age_slug text, gender_options text[],
        problems text[]
      )
),

unlisted as (
  update vivenu_events as e
  set is_listed = false
  where %(is_whole)s and not exists (
    select 1 from incoming as i
    where i.external_id = e.external_id
  )
)

insert into vivenu_events as e (
  external_id, name, starts_at, ends_at, timezone, event_on, event_type, root_id, capacity, gender_slug, age_slug,
  gender_options, problems
)
select
  external_id, name, starts_at, ends_at, timezone, event_on, event_type, root_id, capacity, gender_slug, age_slug,
  gender_options, problems
from incoming
on conflict (external_id) do update
  set
    name = excluded.name, starts_at = excluded.starts_at, ends_at = excluded.ends_at, timezone = excluded.timezone,
    event_on = excluded.event_on, event_type = excluded.event_type, root_id = excluded.root_id,
    capacity = excluded.capacity, gender_slug = excluded.gender_slug, age_slug = excluded.age_slug,
    gender_options = excluded.gender_options, problems = excluded.problems, is_listed = true, read_at = now()
