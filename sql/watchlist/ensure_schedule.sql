-- Give every current source a row in the poll schedule: due at once, and again at once when its id was replaced.
-- Parameters: sources (jsonb array of event_id, marketplace). Idempotent. Rows: none.
insert into poll_schedule (event_id, marketplace, next_due_at)
select r.event_id, r.marketplace, now()
from jsonb_to_recordset(%(sources)s) as r (event_id bigint, marketplace text)
on conflict (event_id, marketplace) do update
  set next_due_at = now(), consecutive_failures = 0, last_error = null
