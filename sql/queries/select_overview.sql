-- All tracked events now, how often they are polled, and which get-in prices stand alone. Parameters: this_moment,
-- event_id (null: all).
-- Rows: one per event, marketplace, currency and fee basis, soonest first.
select
  o.*, is_thin(o.get_in_price, o.floor_price) as is_get_in_thin, is_thin(o.get_in_2_price, o.floor_price) as is_get_in_2_thin,
  p.poll_interval
from overview(%(this_moment)s) as o
inner join poll_schedule as p on p.event_id = o.event_id and p.marketplace = o.marketplace
where %(event_id)s::bigint is null or o.event_id = %(event_id)s
order by o.event_at <= %(this_moment)s, o.event_at, o.event_id, o.marketplace, o.currency, o.fee_basis
