-- The departures of pairs. Parameters, arrays with one element per pair: event_ids, marketplaces, captured.
-- Rows: one per pair.
select
  d.event_id, d.marketplace, d.captured_at, d.previous_captured_at, d.at_risk, d.removed, d.new_at_risk, d.new_removed, d.lots
from
  unnest(%(event_ids)s::bigint[], %(marketplaces)s::text[], %(captured)s::timestamptz[])
    as u (event_id, marketplace, captured_at)
inner join sale_departures as d
  on d.event_id = u.event_id and d.marketplace = u.marketplace and d.captured_at = u.captured_at
where d.event_id = any(%(event_ids)s::bigint[])
