-- Note that the past is complete. Parameters: none. Idempotent. Rows touched: 1.
update data_origin
set past_played_at = now()
where past_from is not null and past_played_at is null
