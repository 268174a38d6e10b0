-- The oldest pairs that wait for an estimate, and whether sales can still be estimated over them. Their rows are locked, so
-- that a capture which changes one of them meanwhile marks it again after this transaction. Pairs that must be measured anew
-- wait while their listings are archived. Captures are read by index, one by one, whatever the planner thinks of joins (offset 0).
-- Parameters: most.
-- Rows: at most so many, by event, marketplace and capture; `is_measured`: its departures are those of now;
-- `ranked_seats`: of the earlier capture.
with taken as materialized (
  select d.event_id, d.marketplace, d.captured_at, d.previous_captured_at, d.at_risk is not null as is_measured
  from sale_departures as d
  where d.is_stale and (d.at_risk is not null or not (is_archived(d.captured_at) or is_archived(d.previous_captured_at)))
  order by d.captured_at, d.event_id, d.marketplace
  limit %(most)s
  for update
)

select
  t.event_id, t.marketplace, t.captured_at, t.previous_captured_at as estimated_from, s.previous_captured_at, t.is_measured,
  coalesce(s.previous_captured_at is not null and s.censored_because is null, false) as is_valid, e.ranked_seats
from taken as t
left join
  lateral (
    select x.previous_captured_at, x.censored_because
    from snapshots as x
    where x.event_id = t.event_id and x.marketplace = t.marketplace and x.captured_at = t.captured_at
    offset 0 -- noqa: AM09
  ) as s
  on true
left join
  lateral (
    select x.ranked_seats
    from snapshots as x
    where x.event_id = t.event_id and x.marketplace = t.marketplace and x.captured_at = s.previous_captured_at
    offset 0 -- noqa: AM09
  ) as e
  on true
order by t.event_id, t.marketplace, t.captured_at
