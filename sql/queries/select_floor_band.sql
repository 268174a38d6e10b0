-- How floors of past events of the same kind moved. Parameters: event_id, this_moment, reference_days, marketplace (null: all).
-- Rows: one per marketplace, currency, fee basis and day to the event that at least five events have, farthest first.
select * from floor_band(%(event_id)s, %(this_moment)s, %(reference_days)s, %(marketplace)s)
