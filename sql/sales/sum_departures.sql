-- The departures of the pairs in a window before each block, summed by class; the mean gap is weighted by listings at risk.
-- Parameters, arrays with one element per block: event_ids, marketplaces, blocks (timestamptz[]); learned (interval: the length
-- of the window). Pairs are read by index, block by block, whatever the planner thinks of joins (offset 0). Every class is
-- written out: to unnest the arrays takes several times as long.
-- Rows: one per block that has any: event_id, marketplace, block_at, at_risk, removed, new_at_risk, new_removed, gap_hours.
select
  b.event_id, b.marketplace, b.block_at,
  array[
    sum(d.at_risk[1]), sum(d.at_risk[2]), sum(d.at_risk[3]), sum(d.at_risk[4]), sum(d.at_risk[5]),
    sum(d.at_risk[6]), sum(d.at_risk[7]), sum(d.at_risk[8]), sum(d.at_risk[9]), sum(d.at_risk[10])
  ]::integer[] as at_risk,
  array[
    sum(d.removed[1]), sum(d.removed[2]), sum(d.removed[3]), sum(d.removed[4]), sum(d.removed[5]),
    sum(d.removed[6]), sum(d.removed[7]), sum(d.removed[8]), sum(d.removed[9]), sum(d.removed[10])
  ]::integer[] as removed,
  array[
    sum(d.new_at_risk[1]), sum(d.new_at_risk[2]), sum(d.new_at_risk[3]), sum(d.new_at_risk[4]), sum(d.new_at_risk[5]),
    sum(d.new_at_risk[6]), sum(d.new_at_risk[7]), sum(d.new_at_risk[8]), sum(d.new_at_risk[9]), sum(d.new_at_risk[10])
  ]::integer[] as new_at_risk,
  array[
    sum(d.new_removed[1]), sum(d.new_removed[2]), sum(d.new_removed[3]), sum(d.new_removed[4]), sum(d.new_removed[5]),
    sum(d.new_removed[6]), sum(d.new_removed[7]), sum(d.new_removed[8]), sum(d.new_removed[9]), sum(d.new_removed[10])
  ]::integer[] as new_removed,
  (
    sum(d.listings * extract(epoch from d.captured_at - d.previous_captured_at) / 3600.0) / nullif(sum(d.listings), 0)
  )::double precision as gap_hours
from
  unnest(%(event_ids)s::bigint[], %(marketplaces)s::text[], %(blocks)s::timestamptz[])
    as b (event_id, marketplace, block_at)
cross join
  lateral ( -- noqa: ST05
    select
      x.captured_at, x.previous_captured_at, x.at_risk, x.removed, x.new_at_risk, x.new_removed,
      x.at_risk[1] + x.at_risk[2] + x.at_risk[3] + x.at_risk[4] + x.at_risk[5]
      + x.at_risk[6] + x.at_risk[7] + x.at_risk[8] + x.at_risk[9] + x.at_risk[10] as listings
    from sale_departures as x
    where
      x.event_id = b.event_id and x.marketplace = b.marketplace and x.captured_at > b.block_at - %(learned)s::interval
      and x.captured_at < b.block_at and x.at_risk is not null
    offset 0 -- noqa: AM09
  ) as d
group by b.event_id, b.marketplace, b.block_at
