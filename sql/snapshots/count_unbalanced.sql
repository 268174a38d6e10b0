-- Captures of a span whose stored rows do not equal their manifest. Parameters: marketplace, captured_from,
-- captured_until. Rows: up to 1,000, one per capture that is wrong; none when all is well.
select s.event_id, s.marketplace, s.captured_at, s.accepted, s.rejected, l.stored_accepted, r.stored_rejected
from snapshots as s
left join lateral (
  select count(*)::integer as stored_accepted
  from listings as x
  where x.event_id = s.event_id and x.captured_at = s.captured_at and x.marketplace = s.marketplace
) as l on true
left join lateral (
  select count(*)::integer as stored_rejected
  from rejected_listings as y
  where y.event_id = s.event_id and y.captured_at = s.captured_at and y.marketplace = s.marketplace
) as r on true
where
  s.captured_at >= %(captured_from)s and s.captured_at < %(captured_until)s and s.marketplace = %(marketplace)s
  and (l.stored_accepted <> s.accepted or r.stored_rejected <> s.rejected)
order by s.captured_at
limit 1000
