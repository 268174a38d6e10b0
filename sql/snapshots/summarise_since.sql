-- What happened since an instant, and what is to come, for the status line of `run`. Parameters: since, this_moment
-- (timestamptz), marketplaces (text[]: those that are polled). `next_due_at` is that of events no run holds. Rows: 1.
select
  (
    select count(*)::integer from snapshots as s
    where s.captured_at >= %(since)s
  ) as snapshots,
  (
    select coalesce(sum(s.accepted), 0)::integer from snapshots as s
    where s.captured_at >= %(since)s
  ) as listings,
  (
    select count(*)::integer
    from fetch_attempts as a
    where a.finished_at >= %(since)s and a.outcome not in ('ok', 'empty')
  ) as failures,
  w.due, w.leased, w.next_due_at
from (
  select
    (count(*) filter (where p.next_due_at <= %(this_moment)s and not p.is_leased))::integer as due,
    (count(*) filter (where p.is_leased))::integer as leased,
    min(p.next_due_at) filter (where not p.is_leased) as next_due_at
  from (
    select s.next_due_at, coalesce(s.leased_until > %(this_moment)s, false) as is_leased
    from poll_schedule as s
    inner join events as e on e.event_id = s.event_id
    inner join event_sources as o on o.event_id = s.event_id and o.marketplace = s.marketplace and o.is_current
    where
      e.is_tracked and e.event_at > %(this_moment)s and s.marketplace = any(%(marketplaces)s)
  ) as p
) as w
