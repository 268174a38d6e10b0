-- Build the daily prices of a span of UTC days from the hourly prices. Parameters: day_from, day_until (dates).
-- Run after delete_daily in one transaction. Rows: none.
--
-- Listings, tickets, floor, quartiles and get-in prices for 1 to 8 together are those of the day's last covered hour: a zone
-- that was absent from it has 0 tickets and no such price. The mean is the sum of all prices by their number. Mean tickets
-- counts the captures in which a zone was absent. A day that knows a currency drops the XXX rows of the hours before it was
-- known (their attempts are counted all the same).
with hours as materialized (
  select h.*, (h.hour_at at time zone 'UTC')::date as day_on
  from hourly_prices as h
  where
    h.hour_at >= %(day_from)s::timestamp at time zone 'UTC' and h.hour_at < %(day_until)s::timestamp at time zone 'UTC'
),

event_hours as (
  select
    event_id, marketplace, day_on, hour_at, max(snapshots) as snapshots, max(suspect_snapshots) as suspect_snapshots,
    max(failed_attempts) as failed_attempts
  from hours
  where zone = '*'
  group by event_id, marketplace, day_on, hour_at
),

days as (
  select
    event_id, marketplace, day_on, count(*) filter (where snapshots > 0)::integer as hours_covered,
    sum(snapshots)::integer as snapshots, sum(suspect_snapshots)::integer as suspect_snapshots,
    sum(failed_attempts)::integer as failed_attempts, max(hour_at) filter (where snapshots > 0) as last_hour_at
  from event_hours
  group by event_id, marketplace, day_on
)

insert into daily_prices (
  event_id, marketplace, zone, currency, fee_basis, day_on, hours_covered, snapshots, suspect_snapshots,
  failed_attempts, listings, tickets, peak_tickets, mean_tickets, observations, sum_price, low_floor_price,
  high_floor_price, open_price, high_price, low_price, close_price, min_price, mean_price, max_price, floor_price,
  p25_price, median_price, p75_price, get_in_1_price, get_in_2_price, get_in_3_price, get_in_4_price, get_in_5_price,
  get_in_6_price, get_in_7_price, get_in_8_price
)
select
  h.event_id, h.marketplace, h.zone, h.currency, h.fee_basis, h.day_on, d.hours_covered, d.snapshots, d.suspect_snapshots,
  d.failed_attempts,
  coalesce(max(h.listings) filter (where h.hour_at = d.last_hour_at), 0),
  coalesce(max(h.tickets) filter (where h.hour_at = d.last_hour_at), 0),
  max(h.max_tickets),
  coalesce(sum(h.sum_tickets)::numeric / nullif(d.snapshots, 0), 0),
  sum(h.observations),
  sum(h.sum_price),
  min(h.low_floor_price),
  max(h.high_floor_price),
  (array_agg(h.open_price order by h.hour_at) filter (where h.open_price is not null))[1],
  max(h.high_price),
  min(h.low_price),
  (array_agg(h.close_price order by h.hour_at desc) filter (where h.close_price is not null))[1],
  min(h.min_price),
  sum(h.sum_price) / nullif(sum(h.observations), 0),
  max(h.max_price),
  max(h.floor_price) filter (where h.hour_at = d.last_hour_at),
  max(h.p25_price) filter (where h.hour_at = d.last_hour_at),
  max(h.median_price) filter (where h.hour_at = d.last_hour_at),
  max(h.p75_price) filter (where h.hour_at = d.last_hour_at),
  max(h.get_in_1_price) filter (where h.hour_at = d.last_hour_at),
  max(h.get_in_2_price) filter (where h.hour_at = d.last_hour_at),
  max(h.get_in_3_price) filter (where h.hour_at = d.last_hour_at),
  max(h.get_in_4_price) filter (where h.hour_at = d.last_hour_at),
  max(h.get_in_5_price) filter (where h.hour_at = d.last_hour_at),
  max(h.get_in_6_price) filter (where h.hour_at = d.last_hour_at),
  max(h.get_in_7_price) filter (where h.hour_at = d.last_hour_at),
  max(h.get_in_8_price) filter (where h.hour_at = d.last_hour_at)
from hours as h
inner join days as d on d.event_id = h.event_id and d.marketplace = h.marketplace and d.day_on = h.day_on
where
  h.currency <> 'XXX'
  or not exists (
    select 1
    from hours as o
    where o.event_id = h.event_id and o.marketplace = h.marketplace and o.day_on = h.day_on and o.currency <> 'XXX'
  )
group by
  h.event_id, h.marketplace, h.zone, h.currency, h.fee_basis, h.day_on, d.hours_covered, d.snapshots, d.suspect_snapshots,
  d.failed_attempts
