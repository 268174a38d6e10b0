-- What each zone of an event costs and holds in the last hour of a span that has a trusted capture, and the first floor of
-- the span beside it. Parameters: event_id, marketplace (null: all), starts_from, starts_until.
-- Rows: one per marketplace, zone, currency and fee basis with a listing in the span, the whole event (*) first, then the cheapest; a
-- zone that is sold out in the last hour has 0 tickets and no price.
with last_hour as (
  select h.marketplace, max(h.hour_at) as hour_at
  from hourly_prices as h
  where
    h.event_id = %(event_id)s and (%(marketplace)s::text is null or h.marketplace = %(marketplace)s) and h.zone = '*'
    and h.snapshots > 0 and h.hour_at >= %(starts_from)s and h.hour_at < %(starts_until)s
  group by h.marketplace
),

zones as (
  select
    h.marketplace, h.zone, h.currency, h.fee_basis,
    (array_agg(h.floor_price order by h.hour_at) filter (where h.floor_price is not null))[1] as first_floor_price
  from hourly_prices as h
  where
    h.event_id = %(event_id)s and (%(marketplace)s::text is null or h.marketplace = %(marketplace)s) and h.observations > 0
    and h.hour_at >= %(starts_from)s and h.hour_at < %(starts_until)s
  group by h.marketplace, h.zone, h.currency, h.fee_basis
)

select
  z.marketplace, z.zone, z.currency, z.fee_basis, coalesce(h.listings, 0) as listings, coalesce(h.tickets, 0) as tickets, h.floor_price,
  z.first_floor_price,
  array[
    h.get_in_1_price, h.get_in_2_price, h.get_in_3_price, h.get_in_4_price, h.get_in_5_price, h.get_in_6_price,
    h.get_in_7_price, h.get_in_8_price
  ] as get_in_prices,
  h.p25_price, h.median_price, h.p75_price, t.hour_at as last_hour_at
from zones as z
inner join last_hour as t on t.marketplace = z.marketplace
left join hourly_prices as h
  on
    h.event_id = %(event_id)s and h.marketplace = z.marketplace and h.zone = z.zone and h.currency = z.currency
    and h.fee_basis = z.fee_basis and h.hour_at = t.hour_at and h.listings > 0
order by z.marketplace, z.zone <> '*', coalesce(h.floor_price, h.get_in_1_price, h.median_price), z.zone
