-- Take messages that are due, so that no other process sends them meanwhile. An attempt counts when it begins: one that ends
-- with its process counts, too. Parameters: lease_id, leased_until, this_moment, most. Rows: those taken.
update alert_deliveries as d
set lease_id = %(lease_id)s, leased_until = %(leased_until)s, attempts = d.attempts + 1
where
  d.delivery_id in (
    select q.delivery_id
    from alert_deliveries as q
    where
      q.state = 'queued' and q.next_attempt_at <= %(this_moment)s
      and (q.leased_until is null or q.leased_until <= %(this_moment)s)
    order by q.next_attempt_at, q.delivery_id
    limit %(most)s
    for update skip locked
  )
returning d.delivery_id, d.channel, d.title, d.body, d.quiet_hours, d.timezone, d.attempts
