-- Markets in order with trusted captures that were stored more than an hour ago and that no rule was tried on, where there are
-- rules. Parameters: this_moment. Rows: at most 1,000.
select e.name, p.marketplace, min(s.stored_at) as since
from poll_schedule as p
inner join events as e on e.event_id = p.event_id
inner join alert_progress as a on a.event_id = p.event_id and a.marketplace = p.marketplace
inner join snapshots as s
  on s.event_id = p.event_id and s.marketplace = p.marketplace and s.captured_at > a.captured_at and not s.is_suspect
inner join market_health(%(this_moment)s) as h
  on h.event_id = p.event_id and h.marketplace = p.marketplace and h.health = 'ok'
where
  s.stored_at < %(this_moment)s - interval '1 hour' and exists (
    select 1 from alert_rules as r
    where r.is_current
  )
group by e.event_id, e.name, p.marketplace
order by 3
limit 1000
