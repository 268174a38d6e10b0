-- Why listings of one capture were rejected, the most frequent reason first. Parameters: event_id, marketplace, captured_at.
-- Rows: one per reason.
select u.reason, count(*)::integer as listings
from rejected_listings as r
cross join lateral unnest(r.reasons) as u (reason)
where r.event_id = %(event_id)s and r.marketplace = %(marketplace)s and r.captured_at = %(captured_at)s
group by u.reason
order by listings desc, u.reason asc
