-- What is written beside each event of the watchlist. Parameters: this_moment. Rows: those of overview(), in its order, each with the
-- get-in price for four together, and where its floor stands among similar past events (similar_events: how many).
select
  o.*, is_thin(o.get_in_price, o.floor_price) as is_get_in_thin, is_thin(o.get_in_2_price, o.floor_price) as is_get_in_2_thin,
  s.poll_interval, c.get_in_4_price, is_thin(c.get_in_4_price, c.floor_price) as is_get_in_4_thin, p.percentile,
  coalesce(p.events, 0) as similar_events
from overview(%(this_moment)s) as o
inner join poll_schedule as s on s.event_id = o.event_id and s.marketplace = o.marketplace
left join lateral capture_prices(o.event_id, o.marketplace, o.captured_at) as c
  on c.currency = o.currency and c.fee_basis = o.fee_basis
left join lateral percentile_of_now(o.event_id, %(this_moment)s, 30, o.marketplace) as p
  on p.currency = o.currency and p.fee_basis = o.fee_basis
order by o.event_at <= %(this_moment)s, o.event_at, o.event_id, o.marketplace, o.currency, o.fee_basis
