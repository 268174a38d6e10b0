-- By which rules the newest capture of each event was judged. Rows: one per event and marketplace with captures that
-- were judged by known rules.
select p.event_id, p.marketplace, e.venue, n.admission_rules
from poll_schedule as p
inner join events as e on e.event_id = p.event_id
inner join lateral (
  select s.admission_rules
  from snapshots as s
  where s.event_id = p.event_id and s.marketplace = p.marketplace
  order by s.captured_at desc
  limit 1
) as n on n.admission_rules is not null
