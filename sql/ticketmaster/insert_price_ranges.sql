-- Insert the price ranges of a new capture. Parameters: event_id, captured_at, ranges (jsonb array of position, price_type,
-- currency, min_price, max_price). Run once, after insert_event in its transaction. Rows: none.
insert into ticketmaster_price_ranges (event_id, captured_at, position, price_type, currency, min_price, max_price)
select %(event_id)s, %(captured_at)s, r.position, r.price_type, r.currency, r.min_price, r.max_price
from jsonb_to_recordset(%(ranges)s) as r (
  position integer, price_type text, currency text, min_price numeric, max_price numeric
)
