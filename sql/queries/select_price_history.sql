-- Prices of one event over time from the hourly prices, in buckets of the venue's local time; empty buckets do not appear.
-- A bucket of an hour or less is the hour as stored: the two hours that one local hour names when clocks go back stay two.
-- Parameters: event_id, marketplace (null: all), zone, starts_from, starts_until, bucket (interval), timezone; split_hours
-- (timestamptz[]): hours that a bucket begins within, which `parts` (jsonb, as rows of hourly_prices) replace.
-- Rows: one per marketplace, bucket, currency and fee basis. Listings, tickets, floor, quartiles and get-in prices are those of its last
-- hour with a trusted capture.
with hours as materialized (
  select
    case
      when %(bucket)s::interval <= interval '1 hour' then hour_at
      else
        date_bin(%(bucket)s::interval, hour_at at time zone %(timezone)s, timestamp '2000-01-03 00:00') at time zone %(timezone)s
    end as bucket_at,
    *
  from (
    select
      h.marketplace, h.hour_at, h.currency, h.fee_basis, h.snapshots, h.suspect_snapshots, h.failed_attempts, h.listings, h.tickets,
      h.observations, h.sum_price, h.floor_price, h.low_floor_price, h.high_floor_price, h.open_price, h.high_price,
      h.low_price, h.close_price, h.min_price, h.p25_price, h.median_price, h.p75_price, h.max_price, h.get_in_1_price,
      h.get_in_2_price, h.get_in_3_price, h.get_in_4_price, h.get_in_5_price, h.get_in_6_price, h.get_in_7_price,
      h.get_in_8_price
    from hourly_prices as h
    where
      h.event_id = %(event_id)s and (%(marketplace)s::text is null or h.marketplace = %(marketplace)s) and h.zone = %(zone)s
      and h.hour_at >= %(starts_from)s and h.hour_at < %(starts_until)s
      and h.hour_at <> all(%(split_hours)s::timestamptz[])
    union all
    select
      h.marketplace, h.hour_at, h.currency, h.fee_basis, h.snapshots, h.suspect_snapshots, h.failed_attempts, h.listings, h.tickets,
      h.observations, h.sum_price, h.floor_price, h.low_floor_price, h.high_floor_price, h.open_price, h.high_price,
      h.low_price, h.close_price, h.min_price, h.p25_price, h.median_price, h.p75_price, h.max_price, h.get_in_1_price,
      h.get_in_2_price, h.get_in_3_price, h.get_in_4_price, h.get_in_5_price, h.get_in_6_price, h.get_in_7_price,
      h.get_in_8_price
    from jsonb_populate_recordset(null::hourly_prices, %(parts)s) as h
    where h.zone = %(zone)s
  ) as p
),

buckets as (
  select
    marketplace, bucket_at, currency, fee_basis, sum(snapshots)::integer as snapshots, sum(suspect_snapshots)::integer as suspect_snapshots,
    sum(failed_attempts)::integer as failed_attempts,
    (count(distinct date_bin('1 hour', hour_at, timestamptz '2000-01-01 00:00+00')) filter (where snapshots > 0))::integer
      as hours_covered,
    max(hour_at) filter (where snapshots > 0) as last_hour_at,
    min(low_floor_price) as low_floor_price, max(high_floor_price) as high_floor_price,
    (array_agg(open_price order by hour_at) filter (where open_price is not null))[1] as open_price,
    max(high_price) as high_price, min(low_price) as low_price,
    (array_agg(close_price order by hour_at desc) filter (where close_price is not null))[1] as close_price,
    min(min_price) as min_price,
    (sum(sum_price) / nullif(sum(observations), 0))::numeric(12, 2) as mean_price,
    max(max_price) as max_price
  from hours
  group by marketplace, bucket_at, currency, fee_basis
)

select
  b.*, l.listings, l.tickets, l.floor_price, l.p25_price, l.median_price, l.p75_price,
  array[
    l.get_in_1_price, l.get_in_2_price, l.get_in_3_price, l.get_in_4_price, l.get_in_5_price, l.get_in_6_price,
    l.get_in_7_price, l.get_in_8_price
  ] as get_in_prices
from buckets as b
left join hours as l
  on l.marketplace = b.marketplace and l.hour_at = b.last_hour_at and l.currency = b.currency and l.fee_basis = b.fee_basis
order by b.marketplace, b.bucket_at, b.currency, b.fee_basis
