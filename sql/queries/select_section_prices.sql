-- What each zone of an event costs and holds now, and its floor as long before as the span is. Parameters: event_id, starts_from,
-- starts_until, marketplace (null: all).
-- Rows: one per marketplace, zone, currency and fee basis with a listing in the span, the whole event (*) first, then the cheapest.
select z.*, are_thin(z.get_in_prices, z.floor_price) as get_ins_are_thin
from section_prices(%(event_id)s, %(starts_from)s, %(starts_until)s, %(marketplace)s) as z
