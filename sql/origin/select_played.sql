-- The polls of one event that were played already. Parameters: event_id, marketplace, finished_from, finished_until (inclusive).
-- Rows: one per attempt.
select finished_at
from fetch_attempts
where
  event_id = %(event_id)s and marketplace = %(marketplace)s
  and finished_at >= %(finished_from)s and finished_at <= %(finished_until)s
