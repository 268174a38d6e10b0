-- Event-days whose daily prices to recompute, of those that wait for no rebuild: so many of the newest days, and so many
-- of the others. Of each, the days that have only hours or only daily prices come first; the rest is drawn evenly.
-- Parameters: day_from, day_until, new_from (dates: the newest days begin there), salt (text: another salt, another
-- sample), new_size, old_size. Rows: at most new_size + old_size.
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
),

-- As days, so that they are looked up by equality: an import marks every hour of every event.
waiting as (
  select distinct s.event_id, s.marketplace, (s.starts_at at time zone 'UTC')::date as day_on
  from stale_prices as s
  where
    s.starts_at >= %(day_from)s::timestamp at time zone 'UTC' and s.starts_at < %(day_until)s::timestamp at time zone 'UTC'
),

drawn as (
  select
    e.event_id, e.marketplace, e.day_on, e.day_on >= %(new_from)s as is_new,
    row_number() over (
      partition by e.day_on >= %(new_from)s
      order by
        bool_or(e.has_hours) and bool_or(e.has_day),
        md5(%(salt)s || e.event_id::text || e.marketplace || e.day_on::text)
    ) as place
  from event_days as e
  where
    not exists (
      select 1
      from waiting as w
      where w.event_id = e.event_id and w.marketplace = e.marketplace and w.day_on = e.day_on
    )
  group by e.event_id, e.marketplace, e.day_on
)

select event_id, marketplace, day_on
from drawn
where place <= case when is_new then %(new_size)s else %(old_size)s end
