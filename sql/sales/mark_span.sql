-- Mark the pairs of captures of a span for a new estimate; those whose earlier listings are archived keep theirs.
-- Parameters: starts_from, starts_until. Idempotent. Rows: none.
update sale_departures
set is_stale = true, at_risk = null
where captured_at >= %(starts_from)s and captured_at < %(starts_until)s and not is_archived(previous_captured_at)
