-- From when until when there is anything of these events: captures and attempts, which are kept longest. Every other table
-- that is exported by time holds less. Parameters: event_ids (bigint[]; null: all). Rows: one; null where there is nothing.
select min(b.first_at) as first_at, max(b.last_at) as last_at
from (
  select min(s.captured_at) as first_at, max(s.captured_at) as last_at
  from snapshots as s
  where %(event_ids)s::bigint[] is null or s.event_id = any(%(event_ids)s::bigint[])
  union all
  select min(f.finished_at), max(f.finished_at)
  from fetch_attempts as f
  where %(event_ids)s::bigint[] is null or f.event_id = any(%(event_ids)s::bigint[])
) as b
