-- The floor of a zone now, a day and a week before. Parameters: event_id, zone, marketplace (null: all), this_moment.
-- Rows: one per marketplace, currency and fee basis.
select * from floor_changes(%(event_id)s, %(zone)s, %(marketplace)s, %(this_moment)s)
