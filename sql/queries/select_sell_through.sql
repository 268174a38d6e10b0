-- How much of what was for sale was probably sold over a span. Parameters: event_id, starts_from, starts_until, zone,
-- marketplace (null: all). Rows: one per marketplace that has estimates.
select * from sell_through(%(event_id)s, %(starts_from)s, %(starts_until)s, %(zone)s, %(marketplace)s)
