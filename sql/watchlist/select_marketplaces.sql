-- The marketplaces with listings that have, or once had, an event. Parameters: event_id. Rows: one per marketplace.
select distinct marketplace
from event_sources
where event_id = %(event_id)s and has_listings(marketplace)
order by marketplace
