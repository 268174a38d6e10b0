-- What is for sale now by section. Parameters: event_id, zone (* is all), together (1 to 8), this_moment, marketplace (null: all).
-- Rows: one per marketplace, zone, section, currency and fee basis, the cheapest first.
select s.*, is_thin(s.get_in_price, s.floor_price) as is_thin
from sections_now(%(event_id)s, %(zone)s, %(together)s, %(this_moment)s) as s
where %(marketplace)s::text is null or s.marketplace = %(marketplace)s
