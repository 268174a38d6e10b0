-- Prices of one event by whole days to its start. Parameters: event_id, days (at most so many before the start), zone,
-- marketplace (null: all), this_moment. Rows: one per marketplace, currency, fee basis and day, farthest first.
select c.*, are_thin(c.get_in_prices, c.floor_price) as get_ins_are_thin
from get_in_curve(%(event_id)s, %(days)s, %(zone)s, %(marketplace)s, %(this_moment)s) as c
