-- After the clock was set back: what a clock that was ahead had scheduled, leased or kept busy would stand still until it is
-- there again. Such events are due now; leases, slots and the next request wait no longer than they would by the new clock.
-- Parameters: marketplace, this_moment, lease, hold, longest_spacing (intervals). Idempotent: nothing is written while the
-- clock is right. Rows: none.
with ahead as materialized (
  select p.event_id, p.marketplace
  from poll_schedule as p
  where
    p.marketplace = %(marketplace)s
    and (
      (greatest(p.anchor_at, p.last_attempt_at) > %(this_moment)s + interval '1 minute' and p.next_due_at > %(this_moment)s)
      or p.leased_until > %(this_moment)s + %(lease)s::interval + interval '1 minute'
    )
  order by p.event_id, p.marketplace  -- as snapshots/lock_sources
  for update
),

schedule as (
  update poll_schedule as p
  set
    next_due_at = case
      when greatest(p.anchor_at, p.last_attempt_at) > %(this_moment)s then least(p.next_due_at, %(this_moment)s) else p.next_due_at
    end,
    -- least() would make a lease of none.
    leased_until = case when p.leased_until is not null then least(p.leased_until, %(this_moment)s + %(lease)s::interval) end
  from ahead as a
  where p.event_id = a.event_id and p.marketplace = a.marketplace
),

breaker as (
  update breaker_state as b
  set
    next_request_at = greatest(b.asked_until, clock_timestamp()),
    next_departure_at = least(b.next_departure_at, clock_timestamp())
  where
    b.marketplace = %(marketplace)s
    and b.next_request_at > greatest(
      b.asked_until, clock_timestamp() + %(longest_spacing)s::interval + interval '1 minute'
    )
)

update request_slots as s
set busy_until = clock_timestamp() + s.budget_window + %(hold)s::interval
where
  s.marketplace = %(marketplace)s
  and s.busy_until > clock_timestamp() + s.budget_window + %(hold)s::interval + interval '1 minute'
