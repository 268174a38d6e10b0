-- Event-hours to recompute, drawn evenly over a span from those that wait for no rebuild. Parameters: starts_from,
-- starts_until, salt (text: another salt, another sample), sample_size. Rows: at most sample_size.
select h.event_id, h.marketplace, h.hour_at
from hourly_prices as h
where
  h.hour_at >= %(starts_from)s and h.hour_at < %(starts_until)s and h.zone = '*' and h.snapshots > 0
  and not exists (
    select 1
    from stale_prices as s
    where s.grain = 'hour' and s.starts_at = h.hour_at and s.event_id = h.event_id and s.marketplace = h.marketplace
  )
group by h.event_id, h.marketplace, h.hour_at
order by md5(%(salt)s || h.event_id::text || h.marketplace || h.hour_at::text)
limit %(sample_size)s
