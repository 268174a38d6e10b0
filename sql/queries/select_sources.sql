-- Requests to each marketplace since an instant, its breaker, and each of its budgets as it is now. A request is a try;
-- it is an error unless it gave the attempt its response. Parameters: marketplaces (text[]), since (timestamptz). A cached
-- response is not a request; latency and the last error are those of events, not of searches. Rows: one per marketplace,
-- window and whom it limits (everybody, or polling only; a window of zero: requests under way); one with null for a
-- marketplace to which nothing was sent.
with attempts as (
  select
    marketplace,
    coalesce(sum(tries), 0)::integer as requests,
    coalesce(sum(tries), 0)::integer - (count(*) filter (where outcome in ('ok', 'empty') and tries > 0))::integer as errors,
    percentile_cont(0.5) within group (order by latency_seconds) as latency_p50_seconds,
    percentile_cont(0.95) within group (order by latency_seconds) as latency_p95_seconds,
    (array_agg(error order by finished_at desc) filter (where outcome not in ('ok', 'empty')))[1] as last_error
  from fetch_attempts
  where finished_at >= %(since)s
  group by marketplace
),

searches as (
  select
    marketplace,
    count(*)::integer as requests,
    (count(*) filter (where is_error))::integer as errors
  from search_requests
  where finished_at >= %(since)s
  group by marketplace
),

slots as (
  select marketplace, budget_window, applies_to, count(*)::integer as used, max(busy_until) as resets_at
  from request_slots
  where busy_until > clock_timestamp()
  group by marketplace, budget_window, applies_to
)

select
  m.marketplace, coalesce(b.state, 'closed') as breaker, b.reason as breaker_reason, b.open_until, b.asked_until,
  r.budget_window, r.applies_to, r.max_requests,
  coalesce(s.used, 0) as used, s.resets_at,
  coalesce(a.requests, 0) + coalesce(q.requests, 0) as requests, coalesce(q.requests, 0) as requests_for_searches,
  coalesce(a.errors, 0) + coalesce(q.errors, 0) as errors, a.latency_p50_seconds, a.latency_p95_seconds, a.last_error,
  (
    select max(p.last_success_at) from poll_schedule as p
    where p.marketplace = m.marketplace
  ) as last_success_at
from unnest(%(marketplaces)s::text[]) as m (marketplace)
left join breaker_state as b on b.marketplace = m.marketplace
left join request_budget as r on r.marketplace = m.marketplace
left join slots as s
  on s.marketplace = r.marketplace and s.budget_window = r.budget_window and s.applies_to = r.applies_to
left join attempts as a on a.marketplace = m.marketplace
left join searches as q on q.marketplace = m.marketplace
order by m.marketplace, r.applies_to, r.budget_window
