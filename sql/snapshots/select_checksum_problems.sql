-- Captures of a span whose marketplace announced totals, and where the listings disagree. Parameters: marketplace, captured_from,
-- captured_until. Rows: one per such capture, those that disagree first.
select event_id, marketplace, external_id, captured_at, checksum_problems
from snapshots
where
  captured_at >= %(captured_from)s and captured_at < %(captured_until)s
  and marketplace = %(marketplace)s and checksum_problems is not null
order by checksum_problems = '{}', captured_at
