-- Answer the marks of a span: from here on, newer changes make new marks. Waits for writers that hold a mark, so that
-- the statements after this one see what they wrote. Parameters: starts_from, starts_until. Rows: none.
delete from stale_prices
where grain = 'hour' and starts_at >= %(starts_from)s and starts_at < %(starts_until)s
