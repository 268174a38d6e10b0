-- Bring the manifest of a capture to what was read again. Parameters: those of insert_snapshot. Idempotent. Rows: none.
update snapshots
set
  received = %(received)s, accepted = %(accepted)s, rejected = %(rejected)s, tickets = %(tickets)s, currency = %(currency)s,
  fee_basis = %(fee_basis)s, checksum_problems = %(checksum_problems)s, unknown_fields = %(unknown_fields)s,
  set_aside = %(set_aside)s, admission_rules = %(admission_rules)s, ranked_seats = %(ranked_seats)s
where event_id = %(event_id)s and marketplace = %(marketplace)s and captured_at = %(captured_at)s
