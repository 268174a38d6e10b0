-- Estimated sales of an event by buckets. Parameters: event_id, starts_from, starts_until, bucket, zone, marketplace (null: all),
-- timezone. Rows: one per marketplace and bucket that has an estimate.
select *
from
  estimated_sales(
    %(event_id)s, %(starts_from)s, %(starts_until)s, %(bucket)s::interval, %(zone)s::text, %(marketplace)s::text, %(timezone)s::text
  )
