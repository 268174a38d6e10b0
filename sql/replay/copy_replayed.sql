-- Load the listings of captures that were read again, as CSV, in the order of these columns.
copy replayed_listings (
  event_id, marketplace, captured_at, notes, zone, admission, splits, ask_price, fee_basis, currency, is_speculative,
  is_general_admission, listing_id, section, "row", quantity, all_in_price, net_proceeds, price, price_class
) from stdin with (format csv)
