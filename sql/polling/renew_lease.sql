-- Keep a lease alive while its run works. Parameters: lease_id, leased_until. Idempotent. Rows: one per event still held.
update poll_schedule
set leased_until = %(leased_until)s
where lease_id = %(lease_id)s
returning event_id
