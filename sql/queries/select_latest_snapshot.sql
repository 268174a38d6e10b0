-- The newest capture of an event at a marketplace. One that is dated later than now, by a clock that was set back since,
-- comes after all others. Parameters: event_id, marketplace, trusted_only (boolean), this_moment.
-- Rows: 1 or none.
select
  marketplace, captured_at, external_id, received, accepted, rejected, tickets, currency, fee_basis, is_suspect,
  checksum_problems, unknown_fields, set_aside
from snapshots
where event_id = %(event_id)s and marketplace = %(marketplace)s and not (is_suspect and %(trusted_only)s)
order by captured_at > %(this_moment)s, captured_at desc
limit 1
