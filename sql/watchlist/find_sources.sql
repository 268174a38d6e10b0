-- Resolve marketplace ids to events. Parameters: marketplace (text or null: any), external_ids (text[]).
-- Rows: one per known id, retired ones too.
select
  s.marketplace, s.external_id, s.event_id, s.is_current, e.name, e.venue, e.city, e.timezone, e.event_date, e.event_at,
  e.is_tracked
from event_sources as s
inner join events as e on e.event_id = s.event_id
where
  s.external_id = any(%(external_ids)s)
  and (%(marketplace)s::text is null or s.marketplace = %(marketplace)s)
