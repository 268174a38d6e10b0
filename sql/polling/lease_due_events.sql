-- Lease the events that are due to one run, most overdue first, and record leases that ran out as abandoned attempts. An
-- event whose run died is due again at once; one that was abandoned or failed before that too waits, longer each time: it may
-- be what kills its runs.
-- Parameters: marketplace, lease_id (uuid), leased_until, this_moment, batch_size, retry_base, retry_max (intervals).
-- Not idempotent: each call takes what is due then; two callers never get the same event. Rows: one per leased event.
with due as (
  select
    p.event_id, p.marketplace, p.lease_id as old_lease_id, p.leased_until as old_leased_until, p.consecutive_failures,
    p.lease_id is not null and p.consecutive_failures > 0 as is_postponed, s.external_id, e.name, e.venue, e.city,
    e.timezone, e.event_at
  from poll_schedule as p
  inner join events as e on e.event_id = p.event_id
  inner join event_sources as s on s.event_id = p.event_id and s.marketplace = p.marketplace and s.is_current
  where
    p.marketplace = %(marketplace)s
    and p.next_due_at <= %(this_moment)s
    and p.poll_interval is not null
    and e.is_tracked
    and e.event_at > %(this_moment)s
    and (p.leased_until is null or p.leased_until <= %(this_moment)s)
  order by p.next_due_at
  limit %(batch_size)s
  for update of p skip locked
),

abandoned as (
  insert into fetch_attempts (event_id, marketplace, external_id, started_at, finished_at, outcome, error)
  select
    d.event_id, d.marketplace, d.external_id, d.old_leased_until, %(this_moment)s, 'abandoned',
    case
      when d.is_postponed
        then 'The lease of this event ran out before it was fetched, since its run ended, and not for the first time; it waits now.'
      else 'The lease of this event ran out before it was fetched, since its run ended; it is due again.'
    end
  from due as d
  where d.old_lease_id is not null
),

-- The abandoned attempts count as failures of this hour's prices.
marked as (
  insert into stale_prices (grain, starts_at, event_id, marketplace)
  select 'hour', date_bin('1 hour', %(this_moment)s::timestamptz, timestamptz '2000-01-01 00:00+00'), d.event_id, d.marketplace
  from due as d
  where d.old_lease_id is not null and has_listings(d.marketplace)
  order by d.event_id
  on conflict (grain, starts_at, event_id, marketplace) do update
    set marked_at = now()
),

rescheduled as (
  update poll_schedule as p
  set
    lease_id = case when not d.is_postponed then %(lease_id)s::uuid end,
    leased_until = case when not d.is_postponed then %(leased_until)s::timestamptz end,
    next_due_at = case
      when d.is_postponed
        then
          %(this_moment)s + least(
            greatest(%(retry_max)s::interval, p.poll_interval),
            %(retry_base)s::interval * power(2, least(d.consecutive_failures - 1, 20))
          )
      else p.next_due_at
    end,
    consecutive_failures = p.consecutive_failures + case when d.old_lease_id is null then 0 else 1 end,
    last_attempt_at = case when d.old_lease_id is null then p.last_attempt_at else %(this_moment)s end,
    last_outcome = case when d.old_lease_id is null then p.last_outcome else 'abandoned' end,
    last_error = case
      when d.old_lease_id is null then p.last_error else 'The lease of this event ran out before it was fetched.'
    end
  from due as d
  where p.event_id = d.event_id and p.marketplace = d.marketplace
)

select event_id, marketplace, external_id, name, venue, city, timezone, event_at
from due
where not is_postponed
order by external_id
