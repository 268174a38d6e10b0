-- What each zone of an event costs and holds now, and its first floor of the span. Parameters: event_id, starts_from,
-- starts_until, marketplace (null: all).
-- Rows: one per marketplace, zone, currency and fee basis with a listing in the span, the whole event (*) first, then the cheapest.
select * from section_prices(%(event_id)s, %(starts_from)s, %(starts_until)s, %(marketplace)s)
