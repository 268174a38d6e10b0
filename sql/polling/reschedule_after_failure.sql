-- After a failed attempt: next due after a back-off that doubles with each failure in a row, at most
-- greatest(retry_max, the event's interval). A request that our own limits did not permit (counts_as_failure false)
-- waits without being counted.
-- Parameters: event_id, marketplace, this_moment, retry_base, retry_max (interval), jitter_factor, not_before
-- (timestamptz or null: the Retry-After of the server), counts_as_failure, outcome, error. Rows: none.
update poll_schedule
set
  consecutive_failures = consecutive_failures + case when %(counts_as_failure)s then 1 else 0 end,
  next_due_at = greatest(
    %(not_before)s::timestamptz,
    %(this_moment)s + least(
      greatest(%(retry_max)s::interval, coalesce(poll_interval, interval '0')),
      %(retry_base)s::interval * power(2, least(consecutive_failures, 20))
    ) * %(jitter_factor)s
  ),
  lease_id = null, leased_until = null, last_attempt_at = %(this_moment)s, last_outcome = %(outcome)s,
  last_error = %(error)s
where event_id = %(event_id)s and marketplace = %(marketplace)s
