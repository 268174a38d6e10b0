-- Prices of one event over time from the hourly prices, in buckets of the venue's local time; empty buckets do not appear.
-- A bucket of an hour or less is the hour as stored: the two hours that one local hour names when clocks go back stay two.
-- Parameters: event_id, marketplace, zone, starts_from, starts_until, bucket (interval), timezone.
-- Rows: one per bucket, currency and fee basis.
select
  case
    when %(bucket)s::interval <= interval '1 hour' then h.hour_at
    else date_bin(%(bucket)s::interval, h.hour_at at time zone %(timezone)s, timestamp '2000-01-03 00:00') at time zone %(timezone)s
  end as bucket_at,
  h.currency, h.fee_basis, sum(h.snapshots)::integer as snapshots, sum(h.suspect_snapshots)::integer as suspect_snapshots,
  sum(h.failed_attempts)::integer as failed_attempts, count(*) filter (where h.snapshots > 0)::integer as hours_covered,
  (array_agg(h.tickets order by h.hour_at desc) filter (where h.snapshots > 0))[1] as tickets,
  (array_agg(h.listings order by h.hour_at desc) filter (where h.snapshots > 0))[1] as listings,
  (array_agg(h.open_price order by h.hour_at) filter (where h.open_price is not null))[1] as open_price,
  max(h.high_price) as high_price, min(h.low_price) as low_price,
  (array_agg(h.close_price order by h.hour_at desc) filter (where h.close_price is not null))[1] as close_price,
  min(h.min_price) as min_price,
  (sum(h.mean_price * h.observations) / nullif(sum(h.observations), 0))::numeric(12, 2) as mean_price,
  max(h.max_price) as max_price, min(h.get_in_2_price) as get_in_2_price, min(h.get_in_4_price) as get_in_4_price
from hourly_prices as h
where
  h.event_id = %(event_id)s and h.marketplace = %(marketplace)s and h.zone = %(zone)s
  and h.hour_at >= %(starts_from)s and h.hour_at < %(starts_until)s
group by 1, 2, 3
order by 1, 2, 3
