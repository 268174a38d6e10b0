-- All tracked events now, and which get-in prices stand alone. Parameters: this_moment,
-- event_id (null: all).
-- Rows: one per event, marketplace, currency and fee basis, soonest first.
select o.*, is_thin(o.get_in_price, o.floor_price) as is_get_in_thin, is_thin(o.get_in_2_price, o.floor_price) as is_get_in_2_thin
from overview(%(this_moment)s) as o
where %(event_id)s::bigint is null or o.event_id = %(event_id)s
