-- Days whose daily prices are not what their hours say, leaving out days that wait for a rebuild.
-- Parameters: day_from, day_until. Rows: up to 20, one per event, marketplace and day.
with hours as (
  select
    event_id, marketplace, (hour_at at time zone 'UTC')::date as day_on, min(min_price) as min_price, max(max_price) as max_price,
    count(distinct hour_at) filter (where snapshots > 0)::integer as hours_covered
  from hourly_prices
  where
    zone = '*' and hour_at >= %(day_from)s::timestamp at time zone 'UTC' and hour_at < %(day_until)s::timestamp at time zone 'UTC'
  group by 1, 2, 3
),

days as (
  select
    event_id, marketplace, day_on, min(min_price) as min_price, max(max_price) as max_price, max(hours_covered) as hours_covered
  from daily_prices
  where zone = '*' and day_on >= %(day_from)s and day_on < %(day_until)s
  group by 1, 2, 3
)

select
  event_id, marketplace, day_on, h.hours_covered, d.hours_covered as hours_covered_daily, h.min_price, d.min_price as min_price_daily
from hours as h
full join days as d using (event_id, marketplace, day_on)
where
  (h.hours_covered, h.min_price, h.max_price) is distinct from (d.hours_covered, d.min_price, d.max_price)
  and not exists (
    select 1
    from stale_prices as s
    where
      s.event_id = coalesce(h.event_id, d.event_id) and s.marketplace = coalesce(h.marketplace, d.marketplace)
      and (s.starts_at at time zone 'UTC')::date = coalesce(h.day_on, d.day_on)
  )
order by day_on
limit 20
