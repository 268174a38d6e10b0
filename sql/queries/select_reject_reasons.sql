-- Why listings of each event's newest capture since a moment were rejected. Parameters: since (timestamptz). Rows: one per
-- marketplace and reason, the most frequent first; a listing with two reasons counts for both.
with newest as (
  select distinct on (s.event_id, s.marketplace) s.event_id, s.marketplace, s.captured_at
  from snapshots as s
  where s.captured_at >= %(since)s
  order by s.event_id asc, s.marketplace asc, s.captured_at desc
)

select n.marketplace, u.reason, count(*)::integer as listings, count(distinct n.event_id)::integer as events
from newest as n
inner join rejected_listings as r
  on r.event_id = n.event_id and r.marketplace = n.marketplace and r.captured_at = n.captured_at
cross join lateral unnest(r.reasons) as u (reason)
group by n.marketplace, u.reason
order by n.marketplace asc, listings desc, u.reason asc
