-- A failure of the marketplace itself: counted, and the breaker opens at the threshold, at once when a probe failed, and
-- at once and for long when we were blocked. Pauses double with each opening in a row, up to max_pause.
-- Parameters: marketplace, reason, is_blocked, threshold, pause, max_pause, blocked_pause (intervals),
-- not_before (timestamptz or null: what the server asked for; spaces the next request of every process).
-- Rows: 1, the state after it.
update breaker_state
set
  consecutive_failures = consecutive_failures + 1,
  state = case
    when %(is_blocked)s or state <> 'closed' or consecutive_failures + 1 >= %(threshold)s then 'open'
    else 'closed'
  end,
  reason = %(reason)s,
  opened_at = case
    when state <> 'closed' then opened_at
    when %(is_blocked)s or consecutive_failures + 1 >= %(threshold)s then clock_timestamp()
  end,
  open_until = case
    when %(is_blocked)s then clock_timestamp() + %(blocked_pause)s::interval
    when state <> 'closed' or consecutive_failures + 1 >= %(threshold)s then greatest(
      open_until,
      clock_timestamp() + least(%(max_pause)s::interval, %(pause)s::interval * power(2, least(consecutive_openings, 16)))
    )
  end,
  consecutive_openings = consecutive_openings + case
    when state <> 'closed' or consecutive_failures + 1 >= %(threshold)s then 1 else 0
  end,
  next_request_at = greatest(next_request_at, %(not_before)s::timestamptz),
  updated_at = now()
where marketplace = %(marketplace)s
returning state, reason, opened_at, open_until
