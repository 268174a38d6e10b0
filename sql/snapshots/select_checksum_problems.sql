-- What the announced totals of a marketplace say about the captures of a span. Parameters: marketplace, captured_from,
-- captured_until. Rows: one per capture that announced any, those that disagree first; none where none does.
select event_id, marketplace, external_id, captured_at, checksum_problems
from snapshots
where
  captured_at >= %(captured_from)s and captured_at < %(captured_until)s
  and marketplace = %(marketplace)s and checksum_problems is not null
order by checksum_problems = '{}', captured_at
