-- Event-days whose daily prices to recompute, of those that wait for no rebuild: first the days that have only hours or
-- only daily prices, then all of the newest, then as many of the others as there is room for, drawn evenly.
-- Parameters: day_from, day_until, always_from (dates: every day from there on), salt (text: another salt, another
-- sample), sample_size. Rows: at most sample_size.
with event_days as (
  select h.event_id, h.marketplace, (h.hour_at at time zone 'UTC')::date as day_on, true as has_hours, false as has_day
  from hourly_prices as h
  where
    h.zone = '*' and h.hour_at >= %(day_from)s::timestamp at time zone 'UTC'
    and h.hour_at < %(day_until)s::timestamp at time zone 'UTC'
  group by 1, 2, 3
  union all
  select d.event_id, d.marketplace, d.day_on, false as has_hours, true as has_day
  from daily_prices as d
  where d.day_on >= %(day_from)s and d.day_on < %(day_until)s
  group by 1, 2, 3
)

select e.event_id, e.marketplace, e.day_on
from event_days as e
where
  not exists (
    select 1
    from stale_prices as s
    where
      s.event_id = e.event_id and s.marketplace = e.marketplace
      and s.starts_at >= e.day_on::timestamp at time zone 'UTC'
      and s.starts_at < (e.day_on + 1)::timestamp at time zone 'UTC'
  )
group by e.event_id, e.marketplace, e.day_on
order by
  bool_or(e.has_hours) and bool_or(e.has_day), e.day_on < %(always_from)s,
  md5(%(salt)s || e.event_id::text || e.marketplace || e.day_on::text)
limit %(sample_size)s
