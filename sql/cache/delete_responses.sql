-- Delete cached responses. Parameters: marketplace (or null: all), external_id (or null: of any event and of searches),
-- stored_before (or null: of any age). Idempotent. Rows: none.
delete from cached_responses
where
  (%(marketplace)s::text is null or marketplace = %(marketplace)s)
  and (%(external_id)s::text is null or external_id = %(external_id)s)
  and (%(stored_before)s::timestamptz is null or stored_at < %(stored_before)s)
