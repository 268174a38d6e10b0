-- The venue map in the order of the user's tab. Rows: one per pattern.
select venue, section_pattern, zone, position
from venue_zones
order by position
