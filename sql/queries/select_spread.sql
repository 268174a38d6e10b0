-- One event across marketplaces, all fees in. Parameters: event_id, together (1 to 8), this_moment.
-- Rows: one per marketplace and currency, by currency, the cheapest first; marketplaces without such prices last.
select s.*, is_thin(s.get_in_price, s.floor_price) as is_thin
from spread(%(event_id)s, %(together)s, %(this_moment)s) as s
