-- Bring the manifests of captures to what was read again. Parameters: those of insert_snapshots. Idempotent. Rows: none.
update snapshots as s
set
  received = r.received, accepted = r.accepted, rejected = r.rejected, tickets = r.tickets, currency = r.currency,
  fee_basis = r.fee_basis, checksum_problems = r.checksum_problems, unknown_fields = r.unknown_fields,
  set_aside = r.set_aside, admission_rules = r.admission_rules, ranked_seats = r.ranked_seats
from jsonb_populate_recordset(null::snapshots, %(manifests)s) as r
where s.event_id = r.event_id and s.marketplace = r.marketplace and s.captured_at = r.captured_at
