-- Where an event stands among past events of its kind. Parameters: event_id, this_moment, reference_days, marketplace
-- (null: all). Rows: one per marketplace, currency and fee basis with a floor in the last 24 hours.
select * from percentile_of_now(%(event_id)s, %(this_moment)s, %(reference_days)s, %(marketplace)s)
