-- Delete the listing changes of a span; a file holds them. Parameters: starts_from, starts_until. Idempotent. Rows: none.
delete from listing_changes
where captured_at >= %(starts_from)s and captured_at < %(starts_until)s
