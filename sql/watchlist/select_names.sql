-- Names of events, and their keys at the marketplaces: the one in use, else the newest. Parameters:
-- event_ids (bigint[]). Rows: one per event and marketplace.
select distinct on (s.event_id, s.marketplace) s.event_id, s.marketplace, e.name, s.external_id
from event_sources as s
inner join events as e on e.event_id = s.event_id
where s.event_id = any(%(event_ids)s::bigint[])
order by s.event_id asc, s.marketplace asc, s.is_current desc, s.first_seen_at desc
