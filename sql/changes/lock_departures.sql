-- Lock the pairs that comparing may mark, in the order in which those are locked that wait for an estimate: no deadlocks.
-- Parameters, arrays with one element per event and marketplace: event_ids, marketplaces, seen_from (timestamptz[]: its first
-- capture that is read); first_seen (timestamptz: the first of all). Rows: one per pair.
-- What is implied, that these sources are meant, is written out: by it pairs are read by index.
select d.captured_at
from sale_departures as d
inner join
  unnest(%(event_ids)s::bigint[], %(marketplaces)s::text[], %(seen_from)s::timestamptz[])
    as u (event_id, marketplace, seen_from)
  on u.event_id = d.event_id and u.marketplace = d.marketplace and d.captured_at >= u.seen_from
where
  d.event_id = any(%(event_ids)s::bigint[]) and d.marketplace = any(%(marketplaces)s::text[])
  and d.captured_at >= %(first_seen)s
order by d.captured_at, d.event_id, d.marketplace
for update of d
