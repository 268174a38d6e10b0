-- Mark the later pairs whose rates were learned from pairs that changed, and drop these rates.
-- Parameters, arrays with one element per event and marketplace: event_ids, marketplaces, changed_from
-- (timestamptz[]: the first capture that changed), learned_until (timestamptz[]: when nothing learns from the last any more);
-- block (interval: its length). Rows: none.
with spans as materialized (
  select u.*
  from unnest(%(event_ids)s::bigint[], %(marketplaces)s::text[], %(changed_from)s::timestamptz[], %(learned_until)s::timestamptz[])
    as u (event_id, marketplace, since_at, until_at)
),

dropped as (
  delete from sale_rates as r
  using spans as s
  where
    r.event_id = s.event_id and r.marketplace = s.marketplace and r.block_at > s.since_at and r.block_at <= s.until_at
  returning r.event_id, r.marketplace, r.block_at
)

update sale_departures as d
set is_stale = true
from dropped as r
where
  d.event_id = r.event_id and d.marketplace = r.marketplace and d.captured_at >= r.block_at
  and d.captured_at < r.block_at + %(block)s::interval
