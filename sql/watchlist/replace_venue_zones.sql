-- Replace the venue map. Parameters: zones (jsonb array of venue, section_pattern, zone, position). Idempotent. Rows: none.
with incoming as (
  select distinct on (r.venue, r.section_pattern) r.venue, r.section_pattern, r.zone, r.position
  from jsonb_to_recordset(%(zones)s) as r (venue text, section_pattern text, zone text, position integer)
  order by r.venue, r.section_pattern, r.position
),

removed as (
  delete from venue_zones as v
  where not exists (
    select 1 from incoming as i
    where i.venue = v.venue and i.section_pattern = v.section_pattern
  )
)

insert into venue_zones (venue, section_pattern, zone, position)
select venue, section_pattern, zone, position
from incoming
on conflict (venue, section_pattern) do update
  set zone = excluded.zone, position = excluded.position
