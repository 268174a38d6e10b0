-- The rows of a month are gone. Parameters: month_on, dropped_at. Idempotent. Rows: none.
update archive_files
set state = 'dropped', dropped_at = %(dropped_at)s
where month_on = %(month_on)s and state = 'dropping'
