-- Mark the pairs of captures of a span for a new estimate; those whose earlier listings are archived keep theirs. Rows are locked
-- in the order of sales/take_stale. Parameters: starts_from, starts_until. Idempotent. Rows: none.
with found as materialized (
  select d.event_id, d.marketplace, d.captured_at
  from sale_departures as d
  where d.captured_at >= %(starts_from)s and d.captured_at < %(starts_until)s and not is_archived(d.previous_captured_at)
  order by d.captured_at, d.event_id, d.marketplace
  for update
)

update sale_departures as d
set is_stale = true, at_risk = null
from found as f
where d.event_id = f.event_id and d.marketplace = f.marketplace and d.captured_at = f.captured_at
