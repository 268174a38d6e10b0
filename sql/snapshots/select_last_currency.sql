-- Currency and fee basis of the newest capture of a span that had one. Parameters: event_id, marketplace, captured_from,
-- captured_until. Rows: 1, or none.
select currency, coalesce(fee_basis, 'all_in') as fee_basis
from snapshots
where
  event_id = %(event_id)s and marketplace = %(marketplace)s and currency is not null
  and captured_at >= %(captured_from)s and captured_at < %(captured_until)s
order by captured_at desc
limit 1
