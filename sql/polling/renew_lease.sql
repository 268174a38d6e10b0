-- Keep a lease alive while its run works. Rows are locked in the order of snapshots/lock_sources.
-- Parameters: lease_id, leased_until. Idempotent. Rows: one per event still held.
with held as materialized (
  select p.event_id, p.marketplace
  from poll_schedule as p
  where p.lease_id = %(lease_id)s
  order by p.event_id, p.marketplace
  for update
)

update poll_schedule as p
set leased_until = %(leased_until)s
from held as h
where p.event_id = h.event_id and p.marketplace = h.marketplace
returning p.event_id
