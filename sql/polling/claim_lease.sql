-- Renew the lease of a run that starts. Parameters: lease_id, leased_until. Idempotent.
-- Rows: one per event still held; none where the lease ran out and others took it.
update poll_schedule as p
set leased_until = %(leased_until)s
from event_sources as s
where
  p.lease_id = %(lease_id)s
  and s.event_id = p.event_id and s.marketplace = p.marketplace and s.is_current
returning p.event_id, s.external_id
