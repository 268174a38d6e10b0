-- Renew the lease of a run that starts. Rows are locked in the order of snapshots/lock_sources.
-- Parameters: lease_id, leased_until. Idempotent. Rows: one per event still held; none where the lease ran out and others took it.
with held as materialized (
  select p.event_id, p.marketplace, s.external_id
  from poll_schedule as p
  inner join event_sources as s on s.event_id = p.event_id and s.marketplace = p.marketplace and s.is_current
  where p.lease_id = %(lease_id)s
  order by p.event_id, p.marketplace
  for update of p
)

update poll_schedule as p
set leased_until = %(leased_until)s
from held as h
where p.event_id = h.event_id and p.marketplace = h.marketplace
returning p.event_id, h.external_id
