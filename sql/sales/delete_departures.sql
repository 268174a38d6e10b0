-- Delete pairs over which sales cannot be estimated any more. Parameters, arrays with one element per pair: event_ids,
-- marketplaces, captured. Rows: none.
delete from sale_departures as d
using
  unnest(%(event_ids)s::bigint[], %(marketplaces)s::text[], %(captured)s::timestamptz[]) as u (event_id, marketplace, captured_at)
where d.event_id = u.event_id and d.marketplace = u.marketplace and d.captured_at = u.captured_at
