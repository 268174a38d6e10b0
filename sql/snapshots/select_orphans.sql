-- Captures of a span that have listings and no manifest. Parameters: marketplace, captured_from,
-- captured_until. Rows: up to 1,000, one per capture; none when all is well.
with held as (
  select event_id, marketplace, captured_at, count(*)::integer as listings
  from listings
  where captured_at >= %(captured_from)s and captured_at < %(captured_until)s and marketplace = %(marketplace)s
  group by event_id, marketplace, captured_at
)

select h.event_id, h.marketplace, h.captured_at, h.listings
from held as h
where
  not exists (
    select 1
    from snapshots as s
    where
      s.event_id = h.event_id and s.marketplace = h.marketplace and s.captured_at = h.captured_at
      and s.captured_at >= %(captured_from)s and s.captured_at < %(captured_until)s
  )
order by h.captured_at
limit 1000
