-- Aggregates of a span whose prices cannot be: zero or less, or out of order. Parameters: starts_from, starts_until.
-- Rows: up to 20, the worst.
select event_id, marketplace, zone, currency, hour_at, min_price, low_price, median_price, mean_price, max_price
from hourly_prices
where
  hour_at >= %(starts_from)s and hour_at < %(starts_until)s
  and (min_price <= 0 or min_price > median_price or median_price > max_price or mean_price < min_price or mean_price > max_price)
order by hour_at
limit 20
