-- The departures of pairs, read by index, one by one, whatever the planner thinks of joins (offset 0).
-- Parameters, arrays with one element per pair: event_ids, marketplaces, captured. Rows: one per pair.
select d.*
from
  unnest(%(event_ids)s::bigint[], %(marketplaces)s::text[], %(captured)s::timestamptz[])
    as u (event_id, marketplace, captured_at)
cross join
  lateral ( -- noqa: ST05
    select
      x.event_id, x.marketplace, x.captured_at, x.previous_captured_at, x.at_risk, x.removed, x.new_at_risk, x.new_removed, x.lots
    from sale_departures as x
    where x.event_id = u.event_id and x.marketplace = u.marketplace and x.captured_at = u.captured_at
    offset 0 -- noqa: AM09
  ) as d
