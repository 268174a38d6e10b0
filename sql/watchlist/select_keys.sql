-- All ids ever known at one marketplace, the partition keys. Parameters: marketplace. Rows: one per id.
select external_id, is_current
from event_sources
where marketplace = %(marketplace)s
order by first_seen_at, external_id
