-- The newest captures, newest first, with their prices, from their listings. Parameters: this_moment (later captures are left
-- out), since, event_id (integer or null: all), marketplace (text or null: all), zone (*: the whole event), together, most.
-- Rows: one per capture, currency and fee basis; a capture without seats (of the zone) has one, without prices. `run_id` is
-- Dagster's, null where no run made it.
select
  c.event_id, e.name, c.marketplace, c.captured_at,
  case when %(zone)s = '*' then c.accepted else coalesce(p.listings, 0) end as listings, c.rejected,
  case when %(zone)s = '*' then c.tickets else coalesce(p.tickets, 0) end as tickets, c.is_suspect, p.currency, p.fee_basis,
  p.floor_price, p.get_in_price, is_thin(p.get_in_price, p.floor_price) as is_thin, p.median_price, a.run_id
from (
  select s.event_id, s.marketplace, s.captured_at, s.accepted, s.rejected, s.tickets, s.is_suspect
  from snapshots as s
  where
    s.captured_at <= %(this_moment)s and s.captured_at > %(since)s
    and (%(event_id)s::bigint is null or s.event_id = %(event_id)s)
    and (%(marketplace)s::text is null or s.marketplace = %(marketplace)s)
  order by s.captured_at desc
  limit %(most)s
) as c
inner join events as e on e.event_id = c.event_id
left join lateral zone_prices(c.event_id, c.marketplace, c.captured_at, %(zone)s, %(together)s) as p on true
left join lateral (
  select x.run_id
  from fetch_attempts as x
  where x.event_id = c.event_id and x.marketplace = c.marketplace and x.finished_at = c.captured_at
  order by x.finished_at
  limit 1
) as a on true
order by c.captured_at desc, c.event_id asc, c.marketplace asc, p.currency asc, p.fee_basis asc
