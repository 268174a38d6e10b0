-- What the sensor reads before it leases: how many events are leased and due, and when the next is due.
-- Parameters: marketplace, this_moment. Rows: 1.
select
  count(*) filter (where p.leased_until > %(this_moment)s)::integer as leased,
  count(*) filter (
    where p.next_due_at <= %(this_moment)s and (p.leased_until is null or p.leased_until <= %(this_moment)s)
  )::integer as due,
  count(*)::integer as scheduled,
  min(p.next_due_at) filter (where p.next_due_at > %(this_moment)s) as next_due_at
from poll_schedule as p
inner join events as e on e.event_id = p.event_id
inner join event_sources as s on s.event_id = p.event_id and s.marketplace = p.marketplace and s.is_current
where
  p.marketplace = %(marketplace)s and e.is_tracked and e.event_at > %(this_moment)s and p.poll_interval is not null
