-- Record by which rules the captures of a span are judged now; price classes are not those of listings that were moved.
-- Parameters: starts_from, starts_until, sources (jsonb array of event_id, marketplace, fingerprint), has_moved (boolean:
-- whether listings of any of them were moved). Rows: none.
update snapshots as s
set admission_rules = r.fingerprint, ranked_seats = case when not %(has_moved)s then s.ranked_seats end
from jsonb_to_recordset(%(sources)s) as r (event_id bigint, marketplace text, fingerprint text)
where
  s.event_id = r.event_id and s.marketplace = r.marketplace and s.captured_at >= %(starts_from)s
  and s.captured_at < %(starts_until)s and s.admission_rules is distinct from r.fingerprint
