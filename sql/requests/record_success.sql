-- An answer that proves the marketplace well: failures are forgotten, and a probe closes the breaker. A breaker that is
-- open stays so: this answer belongs to a request sent before it opened. After answers that could not be read, openings
-- are forgotten only with the first that can (`record_read`). Parameters: marketplace. Idempotent. Rows: none.
update breaker_state
set
  state = 'closed', reason = null, opened_at = null, open_until = null, consecutive_failures = 0,
  consecutive_openings = case when unread_answers = 0 then 0 else consecutive_openings end, updated_at = now()
where
  marketplace = %(marketplace)s and (state = 'half_open' or (state = 'closed' and consecutive_failures > 0))
