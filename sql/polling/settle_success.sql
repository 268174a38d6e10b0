-- After a stored answer: next due one jittered interval from now; the lease is given back. An answer that was used again
-- is a poll that went well, and no later success than when it had arrived.
-- Parameters: event_id, marketplace, this_moment, answered_at, jitter_factor, outcome. Rows: none.
update poll_schedule
set
  anchor_at = %(this_moment)s, jitter_factor = %(jitter_factor)s,
  next_due_at = %(this_moment)s + coalesce(poll_interval, interval '12 hours') * %(jitter_factor)s,
  lease_id = null, leased_until = null, consecutive_failures = 0, last_attempt_at = %(this_moment)s,
  last_success_at = greatest(last_success_at, %(answered_at)s), last_outcome = %(outcome)s, last_error = null
where event_id = %(event_id)s and marketplace = %(marketplace)s
