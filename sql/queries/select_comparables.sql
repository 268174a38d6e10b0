-- What stands beside seats of one's own. Parameters: event_id, section, zone, first_row, last_row (text or null), together,
-- neighbour_rows (integer), ask (numeric or null), this_moment, marketplace (text or null: all).
-- Rows: one per marketplace, currency, fee basis and ring (rows, section, zone), in this order.
select c.*
from
  comparables(
    %(event_id)s, %(section)s, %(zone)s, %(first_row)s, %(last_row)s, %(together)s, %(neighbour_rows)s, %(ask)s, %(this_moment)s
  ) as c
where %(marketplace)s::text is null or c.marketplace = %(marketplace)s
