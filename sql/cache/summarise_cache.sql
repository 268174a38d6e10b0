-- What is cached, and how often that saved a request, today and in all. Parameters: none. Rows: one per marketplace with a
-- cache.
with cached as (
  select
    marketplace, count(*)::integer as responses, sum(length(body))::bigint as stored_bytes, min(stored_at) as oldest_at,
    max(stored_at) as newest_at
  from cached_responses
  group by marketplace
),

uses as (
  select
    marketplace, sum(hits)::integer as hits, sum(misses)::integer as misses, sum(stale)::integer as stale,
    coalesce(sum(hits) filter (where used_on = (now() at time zone 'UTC')::date), 0)::integer as hits_today,
    coalesce(sum(misses) filter (where used_on = (now() at time zone 'UTC')::date), 0)::integer as misses_today,
    coalesce(sum(stale) filter (where used_on = (now() at time zone 'UTC')::date), 0)::integer as stale_today
  from cache_uses
  group by marketplace
)

select
  marketplace, coalesce(k.responses, 0) as responses, coalesce(k.stored_bytes, 0) as stored_bytes, k.oldest_at, k.newest_at,
  coalesce(u.hits_today, 0) as hits_today, coalesce(u.misses_today, 0) as misses_today,
  coalesce(u.stale_today, 0) as stale_today, coalesce(u.hits, 0) as hits, coalesce(u.misses, 0) as misses,
  coalesce(u.stale, 0) as stale
from cached as k
full join uses as u using (marketplace)
order by marketplace
