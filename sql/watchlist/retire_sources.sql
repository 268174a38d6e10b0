-- Mark ids that the sheet no longer gives for their event; history and partition keys stay.
-- Parameters: sources (jsonb array of marketplace, external_id). Idempotent. Rows: none.
update event_sources as s
set is_current = false, replaced_at = now()
from jsonb_to_recordset(%(sources)s) as r (marketplace text, external_id text)
where s.marketplace = r.marketplace and s.external_id = r.external_id and s.is_current
