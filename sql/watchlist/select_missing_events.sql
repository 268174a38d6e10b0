-- Tracked events that the last sync's sheet no longer lists (their row number is gone) or that are long over.
-- Parameters: over_before (timestamptz). Rows: one per event.
select e.event_id, e.name, e.event_date, e.event_at, e.sheet_row
from events as e
where e.is_tracked and (e.sheet_row is null or e.event_at < %(over_before)s)
order by e.event_at
