-- The days of rebuilt hours must be rebuilt in turn. Parameters: starts_from, starts_until (hours). Idempotent. Rows: none.
insert into stale_prices (grain, starts_at, event_id, marketplace)
select distinct 'day', date_bin('1 day', h.hour_at, timestamptz '2000-01-01 00:00+00'), h.event_id, h.marketplace
from hourly_prices as h
where h.hour_at >= %(starts_from)s and h.hour_at < %(starts_until)s
on conflict (grain, starts_at, event_id, marketplace) do update
  set marked_at = now()
