-- Keep the estimates of pairs. Parameters: pairs (jsonb array of event_id, marketplace, captured_at, estimates). Rows: none.
-- Pairs are found by index, one by one, whatever the planner thinks of joins (offset 0), and written by ctid.
with kept as materialized (
  select r.estimates, d.place
  from jsonb_to_recordset(%(pairs)s) as r (event_id bigint, marketplace text, captured_at timestamptz, estimates jsonb)
  cross join
    lateral (
      select x.ctid as place
      from sale_departures as x
      where x.event_id = r.event_id and x.marketplace = r.marketplace and x.captured_at = r.captured_at
      offset 0 -- noqa: AM09
    ) as d
)

update sale_departures as d
set estimates = k.estimates, is_stale = false
from kept as k
where d.ctid = k.place and d.ctid = any(array(select x.place from kept as x))
