-- A person has mended the cause: close the breaker and forget the past. Parameters: marketplace. Idempotent. Rows: 1 if known.
update breaker_state
set
  state = 'closed', reason = null, opened_at = null, open_until = null, consecutive_failures = 0,
  consecutive_openings = 0, next_request_at = 'epoch', updated_at = now()
where marketplace = %(marketplace)s
returning marketplace
