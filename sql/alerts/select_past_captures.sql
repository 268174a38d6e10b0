-- Trusted captures since a moment, to try a rule on them. Parameters: since, until, event_ids. Rows: the oldest first.
select s.event_id, s.marketplace, s.captured_at
from snapshots as s
where
  s.event_id = any(%(event_ids)s) and not s.is_suspect and s.captured_at >= %(since)s and s.captured_at <= %(until)s
  and has_listings(s.marketplace)
order by s.captured_at, s.event_id, s.marketplace
