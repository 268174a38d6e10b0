-- Floors and counts by zone over a span, dearest inventory last. Parameters: event_id, marketplace, starts_from, starts_until.
-- Rows: one per zone, currency and fee basis, the whole event (*) first.
with last_hour as (
  select max(h.hour_at) as hour_at
  from hourly_prices as h
  where
    h.event_id = %(event_id)s and h.marketplace = %(marketplace)s and h.zone = '*' and h.snapshots > 0
    and h.hour_at >= %(starts_from)s and h.hour_at < %(starts_until)s
)

select
  h.zone, h.currency, h.fee_basis,
  coalesce(max(h.listings) filter (where h.hour_at = t.hour_at), 0) as listings,
  coalesce(max(h.tickets) filter (where h.hour_at = t.hour_at), 0) as tickets,
  max(h.close_price) filter (where h.hour_at = t.hour_at and h.tickets > 0) as get_in_price,
  (array_agg(h.open_price order by h.hour_at) filter (where h.open_price is not null))[1] as first_price,
  min(h.min_price) as min_price,
  (sum(h.mean_price * h.observations) / nullif(sum(h.observations), 0))::numeric(12, 2) as mean_price,
  max(h.max_price) as max_price, min(h.get_in_2_price) as get_in_2_price, min(h.get_in_4_price) as get_in_4_price,
  max(h.max_tickets) as peak_tickets, t.hour_at as last_hour_at
from hourly_prices as h, last_hour as t
where
  h.event_id = %(event_id)s and h.marketplace = %(marketplace)s
  and h.hour_at >= %(starts_from)s and h.hour_at < %(starts_until)s
group by h.zone, h.currency, h.fee_basis, t.hour_at
order by h.zone <> '*', min(h.min_price), h.zone
