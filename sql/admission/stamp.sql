-- Record by which rules the captures of a span are judged now.
-- Parameters: starts_from, starts_until, sources (jsonb array of event_id, marketplace, fingerprint). Rows: none.
update snapshots as s
set admission_rules = r.fingerprint
from jsonb_to_recordset(%(sources)s) as r (event_id bigint, marketplace text, fingerprint text)
where
  s.event_id = r.event_id and s.marketplace = r.marketplace and s.captured_at >= %(starts_from)s
  and s.captured_at < %(starts_until)s and s.admission_rules is distinct from r.fingerprint
