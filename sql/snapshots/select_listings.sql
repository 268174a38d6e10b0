-- The stored listings of a span of captures of one event. Parameters: event_id, marketplace, captured_from,
-- captured_until (inclusive). Rows: one per listing and capture, cheapest first within a capture.
select
  captured_at, listing_id, section, "row", zone, quantity, splits, ask_price, all_in_price, net_proceeds, price, fee_basis,
  currency, is_general_admission, is_speculative, admission, notes, price_class
from listings
where
  event_id = %(event_id)s and marketplace = %(marketplace)s
  and captured_at >= %(captured_from)s and captured_at <= %(captured_until)s
order by captured_at, price, listing_id
