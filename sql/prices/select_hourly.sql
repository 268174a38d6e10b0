-- The hourly prices of a span. Parameters: event_id, marketplace (both null: all), starts_from, starts_until.
-- Rows: one per aggregate row.
select *
from hourly_prices
where
  hour_at >= %(starts_from)s and hour_at < %(starts_until)s
  and (%(event_id)s::bigint is null or event_id = %(event_id)s)
  and (%(marketplace)s::text is null or marketplace = %(marketplace)s)
order by event_id, marketplace, hour_at, zone, currency, fee_basis
