-- The rates of blocks that are known. Parameters, arrays with one element per block: event_ids, marketplaces, blocks.
-- Rows: event_id, marketplace, block_at, points.
select r.event_id, r.marketplace, r.block_at, r.points
from unnest(%(event_ids)s::bigint[], %(marketplaces)s::text[], %(blocks)s::timestamptz[]) as u (event_id, marketplace, block_at)
inner join sale_rates as r on r.event_id = u.event_id and r.marketplace = u.marketplace and r.block_at = u.block_at
