-- Trusted captures that the rules were not tried on yet, of events to come whose market is in order; of a market that is
-- not, they wait. The first time only the newest one, and none that is more than a day older than it: after weeks without rules
-- nobody wants to know of all that would have fired. Parameters: this_moment, most. Rows: the oldest first.
with waiting as materialized (
  select p.event_id, p.marketplace, a.captured_at as done_at, n.captured_at as newest_at
  from poll_schedule as p
  left join alert_progress as a on a.event_id = p.event_id and a.marketplace = p.marketplace
  cross join
    lateral (
      select s.captured_at
      from snapshots as s
      where
        s.event_id = p.event_id and s.marketplace = p.marketplace and not s.is_suspect and s.captured_at <= %(this_moment)s
      order by s.captured_at desc
      limit 1
    ) as n
  where a.captured_at is null or n.captured_at > a.captured_at
)

select w.event_id, w.marketplace, s.captured_at
from waiting as w
inner join market_health(%(this_moment)s) as h
  on h.event_id = w.event_id and h.marketplace = w.marketplace and h.health = 'ok'
inner join snapshots as s
  on
    s.event_id = w.event_id and s.marketplace = w.marketplace and not s.is_suspect and s.captured_at <= w.newest_at
    and s.captured_at >= coalesce(w.done_at, w.newest_at)
where w.done_at is null or s.captured_at > greatest(w.done_at, w.newest_at - interval '1 day')
order by s.captured_at, w.event_id, w.marketplace
limit %(most)s
