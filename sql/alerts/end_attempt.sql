-- Note how an attempt ended, where this process still holds it. Parameters: delivery_id, lease_id, state, next_attempt_at,
-- error, this_moment. Rows: none.
update alert_deliveries
set
  state = %(state)s, next_attempt_at = coalesce(%(next_attempt_at)s, next_attempt_at), error = %(error)s, lease_id = null,
  leased_until = null, ended_at = case when %(state)s <> 'queued' then %(this_moment)s end
where delivery_id = %(delivery_id)s and lease_id = %(lease_id)s and state = 'queued'
