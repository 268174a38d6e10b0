-- How each marketplace did, hour by hour, for BI tools: from the record of every attempt.
create function source_health(p_from timestamptz, p_until timestamptz)
returns table (
  marketplace text, hour_at timestamptz, attempts integer, requests integer, errors integer, success_rate double precision,
  latency_p50_seconds double precision, latency_p95_seconds double precision, failures jsonb, listings bigint, rejected bigint
)
language sql stable parallel safe
begin atomic
  with classes as (
    select
      a.marketplace, date_bin('1 hour', a.finished_at, timestamptz '2000-01-01 00:00+00') as hour_at, a.outcome,
      count(*)::integer as attempts
    from fetch_attempts as a
    where a.finished_at >= p_from and a.finished_at < p_until and a.outcome not in ('ok', 'empty')
    group by 1, 2, 3
  ),

  failures as (
    select c.marketplace, c.hour_at, jsonb_object_agg(c.outcome, c.attempts) as failures
    from classes as c
    group by c.marketplace, c.hour_at
  ),

  hours as (
    select
      a.marketplace, date_bin('1 hour', a.finished_at, timestamptz '2000-01-01 00:00+00') as hour_at,
      count(*)::integer as attempts, sum(a.tries)::integer as requests,
      (count(*) filter (where a.outcome in ('ok', 'empty') and a.tries > 0))::integer as answered,
      percentile_cont(0.5) within group (order by a.latency_seconds) as latency_p50_seconds,
      percentile_cont(0.95) within group (order by a.latency_seconds) as latency_p95_seconds,
      sum(a.listings) as listings, sum(a.rejected) as rejected
    from fetch_attempts as a
    where a.finished_at >= p_from and a.finished_at < p_until
    group by 1, 2
  )

  select
    h.marketplace, h.hour_at, h.attempts, h.requests, h.requests - h.answered as errors,
    h.answered / nullif(h.requests, 0)::double precision as success_rate, h.latency_p50_seconds, h.latency_p95_seconds,
    coalesce(f.failures, '{}') as failures, h.listings, h.rejected
  from hours as h
  left join failures as f on f.marketplace = h.marketplace and f.hour_at = h.hour_at
  order by h.marketplace, h.hour_at;
end;
comment on function source_health is
'requests, success rate, latency, failed attempts by outcome, and listings of each marketplace by hour (UTC), from p_from until p_until';
