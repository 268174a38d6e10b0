-- Attach marketplace ids to their events; an id that was retired, or stood at another event, becomes current here.
-- Parameters: sources (jsonb array of event_id, marketplace, external_id). Idempotent. Rows: none.
insert into event_sources (marketplace, external_id, event_id)
select r.marketplace, r.external_id, r.event_id
from jsonb_to_recordset(%(sources)s) as r (event_id bigint, marketplace text, external_id text)
on conflict (marketplace, external_id) do update
  set event_id = excluded.event_id, is_current = true, replaced_at = null
