-- After failed attempts, of one event each: next due after a back-off that doubles with each failure in a row, at most
-- greatest(retry_max, the event's interval). A request that our own limits did not permit (counts_as_failure false)
-- waits without being counted.
-- Parameters: polls (jsonb array of event_id, marketplace, this_moment, jitter_factor, not_before (or null: the Retry-After of
-- the server), counts_as_failure, outcome, error), retry_base, retry_max (interval). Rows: none.
update poll_schedule as p
set
  consecutive_failures = p.consecutive_failures + case when r.counts_as_failure then 1 else 0 end,
  next_due_at = greatest(
    r.not_before,
    r.this_moment + least(
      greatest(%(retry_max)s::interval, coalesce(p.poll_interval, interval '0')),
      %(retry_base)s::interval * power(2, least(p.consecutive_failures, 20))
    ) * r.jitter_factor
  ),
  lease_id = null, leased_until = null, last_attempt_at = r.this_moment, last_outcome = r.outcome, last_error = r.error
from
  jsonb_to_recordset(%(polls)s)
    as r (
      event_id bigint, marketplace text, this_moment timestamptz, jitter_factor double precision, not_before timestamptz,
      counts_as_failure boolean, outcome text, error text
    )
where p.event_id = r.event_id and p.marketplace = r.marketplace
