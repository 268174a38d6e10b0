-- The events that have captures in a span, at each marketplace; wait for those who are storing captures of them, and let no
-- other begin, to the end of the transaction. The order of locks is that of storing a capture.
-- Parameters: starts_from, starts_until (timestamptz). Rows: one per event and marketplace.
select p.event_id, p.marketplace
from poll_schedule as p
where
  exists (
    select 1
    from snapshots as s
    where
      s.event_id = p.event_id and s.marketplace = p.marketplace and s.captured_at >= %(starts_from)s
      and s.captured_at < %(starts_until)s
  )
order by p.event_id, p.marketplace
for update
