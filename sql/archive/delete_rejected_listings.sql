-- Delete the rejected listings of a span; a file holds them. By their captures, which have an index by time.
-- Parameters: starts_from, starts_until. Idempotent. Rows: none.
delete from rejected_listings as r
using snapshots as s
where
  s.captured_at >= %(starts_from)s and s.captured_at < %(starts_until)s and r.event_id = s.event_id
  and r.marketplace = s.marketplace and r.captured_at = s.captured_at
  and r.captured_at >= %(starts_from)s and r.captured_at < %(starts_until)s
