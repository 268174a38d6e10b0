-- The captures of a span of time. Parameters: event_id, marketplace (both null: all), captured_from, captured_until.
-- Rows: one per capture, in order.
select
  event_id, marketplace, captured_at, external_id, received, accepted, rejected, tickets, currency, fee_basis, is_suspect,
  checksum_problems, unknown_fields
from snapshots
where
  captured_at >= %(captured_from)s and captured_at < %(captured_until)s
  and (%(event_id)s::bigint is null or event_id = %(event_id)s)
  and (%(marketplace)s::text is null or marketplace = %(marketplace)s)
order by event_id, marketplace, captured_at
