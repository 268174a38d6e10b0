-- An answer that proves the marketplace well: failures are forgotten, and a probe closes the breaker. A breaker that is
-- open stays so: this answer belongs to a request sent before it opened. Parameters: marketplace. Idempotent. Rows: none.
update breaker_state
set
  state = 'closed', reason = null, opened_at = null, open_until = null, consecutive_failures = 0,
  consecutive_openings = 0, updated_at = now()
where
  marketplace = %(marketplace)s and (state = 'half_open' or (state = 'closed' and consecutive_failures > 0))
