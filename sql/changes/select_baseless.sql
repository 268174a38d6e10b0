-- Changes of a span that no comparison explains: their capture is not trusted, gone, or linked with another one.
-- Parameters: starts_from, starts_until (timestamptz). Rows: up to 1,000, one per capture; none when all is well.
select c.event_id, c.marketplace, c.captured_at, count(*)::integer as changes
from listing_changes as c
where
  c.captured_at >= %(starts_from)s and c.captured_at < %(starts_until)s
  and not exists (
    select 1
    from snapshots as s
    where
      s.event_id = c.event_id and s.marketplace = c.marketplace and s.captured_at = c.captured_at and not s.is_suspect
      and s.previous_captured_at = c.previous_captured_at and s.captured_at >= %(starts_from)s
      and s.captured_at < %(starts_until)s
  )
group by c.event_id, c.marketplace, c.captured_at
order by c.captured_at
limit 1000
