-- First half of a rebuild, in one transaction with insert_daily. Parameters: day_from, day_until (dates). Idempotent. Rows: none.
delete from daily_prices
where day_on >= %(day_from)s and day_on < %(day_until)s
