-- Tickets and listings of one event over time, from the hourly prices. Parameters: as those of select_price_history.
-- Rows: one per marketplace and bucket, in this order.
select *
from
  ticket_count_trend(
    %(event_id)s, %(starts_from)s, %(starts_until)s, %(bucket)s, %(zone)s, %(marketplace)s, %(timezone)s, %(split_hours)s,
    %(parts)s
  )
