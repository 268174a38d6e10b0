-- The watchlist as people look at it. Parameters: tracked_only (boolean), marketplace (text or null: all).
-- Rows: one per event and current marketplace id.
select
  e.event_id, s.marketplace, s.external_id, e.name, e.venue, e.city, e.country, e.event_date, e.timezone, e.timezone_source,
  e.event_at, e.is_tracked, e.capacity, e.poll_interval as sheet_interval, e.sheet_row, p.poll_interval, p.next_due_at,
  p.leased_until, p.last_attempt_at, p.last_success_at, p.last_outcome, p.last_error, p.consecutive_failures
from events as e
inner join event_sources as s on s.event_id = e.event_id and s.is_current
left join poll_schedule as p on p.event_id = e.event_id and p.marketplace = s.marketplace
where
  (e.is_tracked or not %(tracked_only)s)
  and (%(marketplace)s::text is null or s.marketplace = %(marketplace)s)
order by e.event_at, e.event_id, s.marketplace
