-- Write the manifest of one capture. No row comes back when it is stored already: the caller then writes nothing at all.
-- Idempotent by the primary key (event_id, marketplace, captured_at). Rows: 1, or none on a repeat.
insert into snapshots (
  event_id, marketplace, captured_at, external_id, received, accepted, rejected, tickets, currency, fee_basis, payload_hash,
  checksum_problems, unknown_fields, set_aside, admission_rules, ranked_seats
)
values (
  %(event_id)s, %(marketplace)s, %(captured_at)s, %(external_id)s, %(received)s, %(accepted)s, %(rejected)s, %(tickets)s,
  %(currency)s, %(fee_basis)s, %(payload_hash)s, %(checksum_problems)s, %(unknown_fields)s, %(set_aside)s,
  %(admission_rules)s, %(ranked_seats)s
)
on conflict (event_id, marketplace, captured_at) do nothing
returning captured_at
