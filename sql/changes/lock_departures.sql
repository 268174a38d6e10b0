-- Lock the pairs that comparing may mark, in the order in which those are locked that wait for an estimate: no deadlocks.
-- Parameters, arrays with one element per event and marketplace: event_ids, marketplaces, seen_from (timestamptz[]: its first
-- capture that is read). Rows: one per pair.
select d.captured_at
from sale_departures as d
inner join
  unnest(%(event_ids)s::bigint[], %(marketplaces)s::text[], %(seen_from)s::timestamptz[])
    as u (event_id, marketplace, seen_from)
  on u.event_id = d.event_id and u.marketplace = d.marketplace and d.captured_at >= u.seen_from
order by d.captured_at, d.event_id, d.marketplace
for update of d
