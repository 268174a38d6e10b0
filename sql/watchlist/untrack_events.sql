-- Stop following events; all their data stays. Parameters: event_ids (bigint[]). Idempotent. Rows: none.
update events
set is_tracked = false, sheet_row = null, updated_at = now(), untracked_at = coalesce(untracked_at, now())
where event_id = any(%(event_ids)s)
