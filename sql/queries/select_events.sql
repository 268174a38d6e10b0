-- Events at their marketplaces, with their poll schedule; soonest event first. Parameters: external_ids (text[]; null:
-- every current id; ids that were replaced are found by name only), event_id (integer or null: all), marketplace (text or
-- null: all), tracked_only (boolean). Rows: one per event and marketplace id.
select
  e.event_id, s.marketplace, s.external_id, s.is_current, e.name, e.venue, e.city, e.country, e.event_date, e.timezone,
  e.timezone_source, e.event_at, e.is_tracked, e.capacity, e.event_group, e.poll_interval as sheet_interval, e.sheet_row, p.poll_interval,
  p.next_due_at, p.leased_until, p.last_attempt_at, p.last_success_at, p.last_outcome, p.last_error,
  coalesce(p.consecutive_failures, 0) as consecutive_failures
from events as e
inner join event_sources as s on s.event_id = e.event_id
left join poll_schedule as p on p.event_id = e.event_id and p.marketplace = s.marketplace
where
  (s.external_id = any(%(external_ids)s::text[]) or (%(external_ids)s::text[] is null and s.is_current))
  and (%(event_id)s::integer is null or e.event_id = %(event_id)s)
  and (%(marketplace)s::text is null or s.marketplace = %(marketplace)s)
  and (e.is_tracked or not %(tracked_only)s)
order by e.event_at, e.event_id, s.marketplace, s.external_id
