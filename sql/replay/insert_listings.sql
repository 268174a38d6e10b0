-- Store the listings of captures as they were read again. Parameters: captured (timestamptz[]). Rows: none.
insert into listings (
  event_id, marketplace, captured_at, listing_id, section, "row", zone, quantity, splits, ask_price, all_in_price, net_proceeds,
  price, fee_basis, currency, is_general_admission, is_speculative, admission, notes, price_class
)
select
  event_id, marketplace, captured_at, listing_id, section, "row", zone, quantity, splits, ask_price, all_in_price, net_proceeds,
  price, fee_basis, currency, is_general_admission, is_speculative, admission, notes, price_class
from replayed_listings
where captured_at = any(%(captured)s::timestamptz[])
