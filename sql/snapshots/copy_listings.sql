-- Load the accepted listings of captures, as CSV, in the order of these columns.
copy listings (
  event_id, marketplace, captured_at, listing_id, section, "row", zone, quantity, splits, ask_price, all_in_price,
  net_proceeds, price, fee_basis, currency, is_general_admission, is_speculative
) from stdin with (format csv)
