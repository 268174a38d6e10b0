-- All tracked events now. Parameters: this_moment. Rows: one per event, marketplace, currency and fee basis, soonest first.
select * from overview(%(this_moment)s)
