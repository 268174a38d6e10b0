-- After stored responses, of one event each: next due one jittered interval from now, lease released. A cached response is a
-- successful poll, but the last success is when it was captured.
-- Parameters: polls (jsonb array of event_id, marketplace, this_moment, captured_at, jitter_factor, outcome). Rows: none.
update poll_schedule as p
set
  anchor_at = r.this_moment, jitter_factor = r.jitter_factor,
  next_due_at = r.this_moment + coalesce(p.poll_interval, interval '12 hours') * r.jitter_factor,
  lease_id = null, leased_until = null, consecutive_failures = 0, last_attempt_at = r.this_moment,
  -- A later success is of a clock that was set back since.
  last_success_at = case
    when p.last_success_at <= r.this_moment then greatest(p.last_success_at, r.captured_at) else r.captured_at
  end,
  last_outcome = r.outcome, last_error = null
from
  jsonb_to_recordset(%(polls)s)
    as r (
      event_id bigint, marketplace text, this_moment timestamptz, captured_at timestamptz, jitter_factor double precision, outcome text
    )
where p.event_id = r.event_id and p.marketplace = r.marketplace
