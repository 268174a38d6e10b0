-- After the past was played: every event is due now, as it is when it is new. Parameters: none. Idempotent. Rows touched:
-- one per event and marketplace.
update poll_schedule
set next_due_at = now(), consecutive_failures = 0, last_error = null
where lease_id is null
