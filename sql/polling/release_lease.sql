-- Release the events that a run did not get to, due again at once. Parameters: lease_id. Idempotent. Rows: one per event.
update poll_schedule
set lease_id = null, leased_until = null
where lease_id = %(lease_id)s
returning event_id
