-- Event-hours to recompute, of those that wait for no rebuild: first the hours that have only prices, or only captures
-- or failed attempts and no prices, then as many of the others as there is room for, drawn evenly.
-- Parameters: starts_from, starts_until (whole hours), salt (text: another salt, another sample), sample_size.
-- Rows: at most sample_size.
with event_hours as (
  select p.event_id, p.marketplace, p.hour_at, true as has_prices, false as has_source
  from hourly_prices as p
  where p.hour_at >= %(starts_from)s and p.hour_at < %(starts_until)s
  group by 1, 2, 3
  union all
  select
    c.event_id, c.marketplace, date_bin('1 hour', c.captured_at, timestamptz '2000-01-01 00:00+00') as hour_at,
    false as has_prices, true as has_source
  from snapshots as c
  where c.captured_at >= %(starts_from)s and c.captured_at < %(starts_until)s
  group by 1, 2, 3
  union all
  select
    a.event_id, a.marketplace, date_bin('1 hour', a.finished_at, timestamptz '2000-01-01 00:00+00') as hour_at,
    false as has_prices, true as has_source
  from fetch_attempts as a
  where
    a.finished_at >= %(starts_from)s and a.finished_at < %(starts_until)s and a.outcome not in ('ok', 'empty')
    and has_listings(a.marketplace)
  group by 1, 2, 3
)

select e.event_id, e.marketplace, e.hour_at
from event_hours as e
where
  not exists (
    select 1
    from stale_prices as s
    where s.grain = 'hour' and s.starts_at = e.hour_at and s.event_id = e.event_id and s.marketplace = e.marketplace
  )
group by e.event_id, e.marketplace, e.hour_at
order by
  bool_or(e.has_prices) and bool_or(e.has_source),
  md5(%(salt)s || e.event_id::text || e.marketplace || e.hour_at::text)
limit %(sample_size)s
