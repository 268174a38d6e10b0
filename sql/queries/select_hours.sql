-- The hourly prices of some hours of one event, of a zone and of the whole event. Parameters: event_id, marketplace (null: all),
-- zone, hours (timestamptz[]). Rows: one per hour, marketplace, zone, currency and fee basis, in this order.
select *
from hourly_prices
where
  event_id = %(event_id)s and (%(marketplace)s::text is null or marketplace = %(marketplace)s)
  and zone in ('*', %(zone)s) and hour_at = any(%(hours)s::timestamptz[])
order by hour_at, marketplace, zone, currency, fee_basis
