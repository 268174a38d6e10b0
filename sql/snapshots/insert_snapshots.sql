-- Write the manifests of captures. One that is stored already comes back with no row: the caller then writes nothing of it.
-- Parameters: manifests (jsonb array of these columns). Idempotent by the primary key (event_id, marketplace, captured_at).
-- Rows: one per capture that is new.
insert into snapshots (
  event_id, marketplace, captured_at, external_id, received, accepted, rejected, tickets, currency, fee_basis, payload_hash,
  checksum_problems, unknown_fields, set_aside, admission_rules, ranked_seats
)
select
  r.event_id, r.marketplace, r.captured_at, r.external_id, r.received, r.accepted, r.rejected, r.tickets, r.currency,
  r.fee_basis, r.payload_hash, r.checksum_problems, r.unknown_fields, r.set_aside, r.admission_rules, r.ranked_seats
from jsonb_populate_recordset(null::snapshots, %(manifests)s) as r
on conflict (event_id, marketplace, captured_at) do nothing
returning event_id, marketplace, captured_at
