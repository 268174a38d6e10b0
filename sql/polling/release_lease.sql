-- Release the events that a run did not get to, due again at once. Rows are locked in the order of snapshots/lock_sources.
-- Parameters: lease_id. Idempotent. Rows: one per event.
with held as materialized (
  select p.event_id, p.marketplace
  from poll_schedule as p
  where p.lease_id = %(lease_id)s
  order by p.event_id, p.marketplace
  for update
)

update poll_schedule as p
set lease_id = null, leased_until = null
from held as h
where p.event_id = h.event_id and p.marketplace = h.marketplace
returning p.event_id
