-- Delete events; manifests, prices, attempts and schedule go with them (their listings must have gone before).
-- Parameters: event_ids (bigint[]). Idempotent. Rows: one per deleted event.
delete from events
where event_id = any(%(event_ids)s) and not is_tracked
returning event_id
