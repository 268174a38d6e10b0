-- First half of a rebuild, in one transaction with insert_hourly. Parameters: starts_from, starts_until. Idempotent. Rows: none.
delete from hourly_prices
where hour_at >= %(starts_from)s and hour_at < %(starts_until)s
