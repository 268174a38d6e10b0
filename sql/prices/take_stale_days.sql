-- As take_stale_hours, for days. Parameters: starts_from, starts_until. Rows: none.
delete from stale_prices
where grain = 'day' and starts_at >= %(starts_from)s and starts_at < %(starts_until)s
