-- How deep the market of one event is now. Parameters: event_id, together, by_zone (boolean), this_moment, marketplace (text
-- or null: all). Rows: one per marketplace, currency, fee basis, zone and step above the floor, in this order.
select *
from market_depth(%(event_id)s, %(together)s, %(by_zone)s, %(this_moment)s)
where %(marketplace)s::text is null or marketplace = %(marketplace)s
