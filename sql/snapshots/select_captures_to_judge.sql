-- The captures that decide, or depend on, whether a new one can be believed: the last trusted one before it, the suspects
-- since, the new one itself, and what was captured later (a late arrival). Looks back at most 90 days.
-- Parameters: event_id, marketplace, captured_at. Rows: two or three as a rule, in order of capture.
with last_trusted as (
  select max(s.captured_at) as captured_at
  from snapshots as s
  where
    s.event_id = %(event_id)s and s.marketplace = %(marketplace)s and not s.is_suspect
    and s.captured_at < %(captured_at)s and s.captured_at >= %(captured_at)s - interval '90 days'
)

select s.captured_at, s.received, s.accepted, s.is_suspect
from snapshots as s, last_trusted as t
where
  s.event_id = %(event_id)s and s.marketplace = %(marketplace)s
  and s.captured_at >= coalesce(t.captured_at, %(captured_at)s - interval '90 days')
order by s.captured_at
