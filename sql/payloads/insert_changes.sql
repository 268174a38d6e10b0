-- Record how payloads changed. Parameters: marketplace, this_moment, event_id, captured_at, changes (jsonb array of path, change,
-- before, after). Rows: none.
insert into payload_changes (detected_at, marketplace, path, change, before, after, event_id, captured_at)
select %(this_moment)s, %(marketplace)s, c.path, c.change, c.before, c.after, %(event_id)s, %(captured_at)s
from jsonb_to_recordset(%(changes)s) as c (path text, change text, before text, after text)
