-- The stored changes of one capture. Parameters: event_id, marketplace, captured_at. Rows: one per change.
select
  captured_at, previous_captured_at, change, listing_id, previous_listing_id, relisted_as, section, "row", zone, currency,
  fee_basis, old_price, new_price, old_quantity, new_quantity
from listing_changes
where event_id = %(event_id)s and marketplace = %(marketplace)s and captured_at = %(captured_at)s
