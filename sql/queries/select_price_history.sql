-- Prices of one event over time, from the hourly prices. Parameters: event_id, starts_from, starts_until, bucket (interval),
-- zone, marketplace (null: all), timezone; split_hours (timestamptz[]): hours that
-- a bucket begins within, which `parts` (jsonb, as rows of hourly_prices) replace.
-- Rows: one per marketplace, currency, fee basis and bucket, in this order.
select h.*, are_thin(h.get_in_prices, h.floor_price) as get_ins_are_thin
from
  price_history(
    %(event_id)s, %(starts_from)s, %(starts_until)s, %(bucket)s, %(zone)s, %(marketplace)s, %(timezone)s, null, %(split_hours)s,
    %(parts)s
  ) as h
