-- What happened since an instant, for the status line of `run`. Parameters: since, this_moment (timestamptz). Rows: 1.
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
  (
    select min(greatest(p.next_due_at, %(this_moment)s))
    from poll_schedule as p
    inner join events as e on e.event_id = p.event_id
    where e.is_tracked and e.event_at > %(this_moment)s and p.poll_interval is not null
  ) as next_due_at
