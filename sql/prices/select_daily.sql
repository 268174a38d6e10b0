-- The daily prices of a span. Parameters: event_id, marketplace (both null: all), day_from, day_until.
-- Rows: one per aggregate row.
select *
from daily_prices
where
  day_on >= %(day_from)s and day_on < %(day_until)s
  and (%(event_id)s::bigint is null or event_id = %(event_id)s)
  and (%(marketplace)s::text is null or marketplace = %(marketplace)s)
order by event_id, marketplace, day_on, zone, currency, fee_basis
