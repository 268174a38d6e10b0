-- Change whether captures are trusted. Parameters: event_id, marketplace, captured_at (timestamptz[]), is_suspect
-- (boolean[]). Idempotent. Rows: none.
update snapshots as s
set is_suspect = r.is_suspect
from unnest(%(captured_at)s::timestamptz[], %(is_suspect)s::boolean[]) as r (captured_at, is_suspect)
where s.event_id = %(event_id)s and s.marketplace = %(marketplace)s and s.captured_at = r.captured_at
