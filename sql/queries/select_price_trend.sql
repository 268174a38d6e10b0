-- One price of one event over time, from the hourly prices. Parameters: as those of select_price_history, and measure, together.
-- Rows: one per marketplace, currency, fee basis and bucket, in this order.
select *
from
  price_trend(
    %(event_id)s, %(starts_from)s, %(starts_until)s, %(bucket)s, %(measure)s, %(together)s, %(zone)s, %(marketplace)s,
    %(timezone)s, %(split_hours)s, %(parts)s
  )
