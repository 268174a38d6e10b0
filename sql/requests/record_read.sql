-- Record a response that could be read: unread ones before it count no longer. Parameters: marketplace. Idempotent. Rows: none.
update breaker_state
set unread_answers = 0, consecutive_openings = case when state = 'closed' then 0 else consecutive_openings end, updated_at = now()
where marketplace = %(marketplace)s and unread_answers > 0
