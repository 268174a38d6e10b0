-- One writer at a time per event and marketplace, to the end of the transaction: judging a capture needs its predecessors.
-- All who lock several rows of the schedule do so in this order: no deadlocks.
-- Parameters: event_ids (bigint[]), marketplaces (text[]: one each). Rows: one each; none of an event that was deleted.
select p.event_id, p.marketplace
from poll_schedule as p
inner join unnest(%(event_ids)s::bigint[], %(marketplaces)s::text[]) as u (event_id, marketplace)
  on u.event_id = p.event_id and u.marketplace = p.marketplace
order by p.event_id, p.marketplace
for update of p
