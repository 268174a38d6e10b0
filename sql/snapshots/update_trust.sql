-- Change whether captures are trusted. Parameters, arrays with one element per capture: event_ids, marketplaces, captured
-- (timestamptz[]), suspects (boolean[]). Idempotent. Rows: none.
update snapshots as s
set is_suspect = u.is_suspect
from
  unnest(%(event_ids)s::bigint[], %(marketplaces)s::text[], %(captured)s::timestamptz[], %(suspects)s::boolean[])
    as u (event_id, marketplace, captured_at, is_suspect)
where s.event_id = u.event_id and s.marketplace = u.marketplace and s.captured_at = u.captured_at
