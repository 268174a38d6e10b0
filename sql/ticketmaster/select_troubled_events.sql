-- Followed events still to come whose last capture is cancelled, postponed or rescheduled, or has another day than the
-- watchlist, or another start than a capture since a moment. Parameters: this_moment, since. Rows: one per such event.
with latest as (
  select distinct on (t.event_id) t.event_id, t.external_id, t.captured_at, t.status, t.local_date, t.event_at
  from ticketmaster_events as t
  inner join event_sources as s on s.event_id = t.event_id and s.external_id = t.external_id and s.is_current
  where s.marketplace = 'ticketmaster' and t.captured_at >= %(since)s
  order by t.event_id asc, t.captured_at desc
)

select
  l.external_id, e.name, l.captured_at, l.status, l.local_date, e.event_date::date as watchlist_date, l.event_at,
  moved.event_at as moved_from
from latest as l
inner join events as e on e.event_id = l.event_id
left join lateral (
  select o.event_at
  from ticketmaster_events as o
  where
    o.event_id = l.event_id and o.external_id = l.external_id and o.captured_at >= %(since)s and o.event_at is distinct from l.event_at
    and o.event_at is not null
  order by o.captured_at desc
  limit 1
) as moved on true
where
  e.is_tracked and e.event_at > %(this_moment)s
  and (
    l.status in ('cancelled', 'postponed', 'rescheduled')
    or l.local_date is distinct from e.event_date::date
    or moved.event_at is not null
  )
order by l.external_id
