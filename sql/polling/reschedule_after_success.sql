-- After a stored response: next due one jittered interval from now, lease released. A cached response is a successful poll,
-- but the last success is when it was captured.
-- Parameters: event_id, marketplace, this_moment, captured_at, jitter_factor, outcome. Rows: none.
update poll_schedule
set
  anchor_at = %(this_moment)s, jitter_factor = %(jitter_factor)s,
  next_due_at = %(this_moment)s + coalesce(poll_interval, interval '12 hours') * %(jitter_factor)s,
  lease_id = null, leased_until = null, consecutive_failures = 0, last_attempt_at = %(this_moment)s,
  -- A later success is of a clock that was set back since.
  last_success_at = case
    when last_success_at <= %(this_moment)s then greatest(last_success_at, %(captured_at)s) else %(captured_at)s
  end,
  last_outcome = %(outcome)s, last_error = null
where event_id = %(event_id)s and marketplace = %(marketplace)s
