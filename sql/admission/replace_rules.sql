-- Replace the user's rules of what is a seat. Parameters: rules (jsonb array of position from 0, marketplace, venue,
-- section_pattern, admission). Idempotent. Rows: none.
with removed as (
  delete from admission_rules
  where position >= jsonb_array_length(%(rules)s)
)

insert into admission_rules (position, marketplace, venue, section_pattern, admission)
select r.position, r.marketplace, r.venue, r.section_pattern, r.admission
from jsonb_to_recordset(%(rules)s) as r (position integer, marketplace text, venue text, section_pattern text, admission text)
on conflict (position) do update
  set
    marketplace = excluded.marketplace, venue = excluded.venue, section_pattern = excluded.section_pattern,
    admission = excluded.admission
