-- Let the demo begin with a past, where nothing is stored yet. Parameters: past_from, past_until (timestamptz).
-- Idempotent: a past that has begun keeps its span. Rows touched: 1 where it begins.
update data_origin
set past_from = %(past_from)s, past_until = %(past_until)s
where
  is_simulated and past_from is null
  and not exists (select 1 from snapshots)
