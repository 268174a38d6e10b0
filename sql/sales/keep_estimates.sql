-- Keep the estimates of pairs. Parameters: pairs (jsonb array of event_id, marketplace, captured_at, estimates). Rows: none.
update sale_departures as d
set estimates = r.estimates, is_stale = false
from jsonb_to_recordset(%(pairs)s) as r (event_id bigint, marketplace text, captured_at timestamptz, estimates jsonb)
where d.event_id = r.event_id and d.marketplace = r.marketplace and d.captured_at = r.captured_at
