-- Marketplaces at which followed events have waited to be polled since before an instant, and no run holds them.
-- Parameters: this_moment, due_before. Rows: one per such marketplace: how many, since when, and the last attempt there.
select w.marketplace, count(*)::integer as overdue, min(w.next_due_at) as due_since, max(w.newest_attempt_at) as last_attempt_at
from (
  select
    p.marketplace, p.next_due_at, p.leased_until,
    max(p.last_attempt_at) over (partition by p.marketplace) as newest_attempt_at
  from poll_schedule as p
  inner join events as e on e.event_id = p.event_id
  inner join event_sources as s on s.event_id = p.event_id and s.marketplace = p.marketplace and s.is_current
  where e.is_tracked and e.event_at > %(this_moment)s
) as w
where w.next_due_at <= %(due_before)s and (w.leased_until is null or w.leased_until <= %(this_moment)s)
group by w.marketplace
order by w.marketplace
