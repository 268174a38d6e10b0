-- Delete the stored changes of listings of events that are to be deleted. Parameters: event_ids (bigint[]), captured_from,
-- captured_until (timestamptz: bounds so that only the chunks concerned are opened). Idempotent. Rows: none.
delete from listing_changes
where event_id = any(%(event_ids)s) and captured_at >= %(captured_from)s and captured_at <= %(captured_until)s
