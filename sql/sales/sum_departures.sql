-- The departures of the pairs in a window before each block, summed by class; the mean gap is weighted by listings at risk.
-- Parameters, arrays with one element per block: event_ids, marketplaces, blocks (timestamptz[]); learned (interval: the length
-- of the window).
-- Rows: one per block that has any: event_id, marketplace, block_at, at_risk, removed, new_at_risk, new_removed, gap_hours.
with blocks as (
  select u.*
  from unnest(%(event_ids)s::bigint[], %(marketplaces)s::text[], %(blocks)s::timestamptz[]) as u (event_id, marketplace, block_at)
),

counts as (
  select
    b.event_id, b.marketplace, b.block_at, n.class, sum(n.at_risk) as at_risk, sum(n.removed) as removed,
    sum(n.new_at_risk) as new_at_risk, sum(n.new_removed) as new_removed,
    sum(n.at_risk * extract(epoch from d.captured_at - d.previous_captured_at) / 3600.0) as risk_hours
  from blocks as b
  inner join sale_departures as d
    on
      d.event_id = b.event_id and d.marketplace = b.marketplace and d.captured_at > b.block_at - %(learned)s::interval
      and d.captured_at < b.block_at and d.event_id = any(%(event_ids)s::bigint[])
  cross join
    lateral unnest(d.at_risk, d.removed, d.new_at_risk, d.new_removed) with ordinality
      as n (at_risk, removed, new_at_risk, new_removed, class)
  group by b.event_id, b.marketplace, b.block_at, n.class
)

select
  event_id, marketplace, block_at, array_agg(at_risk::integer order by class) as at_risk,
  array_agg(removed::integer order by class) as removed, array_agg(new_at_risk::integer order by class) as new_at_risk,
  array_agg(new_removed::integer order by class) as new_removed,
  (sum(risk_hours) / nullif(sum(at_risk), 0))::double precision as gap_hours
from counts
group by event_id, marketplace, block_at
