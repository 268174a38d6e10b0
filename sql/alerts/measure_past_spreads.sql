-- measure_spreads for captures of the past: each market is judged by the attempts that are stored of that time, since poll
-- intervals, pauses and the watchlist are known only as they are now. Its usual distance of polls then is the mean of the last
-- three; it was in order where its newest capture was trusted and not older than twice that, and no attempt had failed since
-- (before every pause one fails).
-- Parameters and rows: as measure_spreads.
with asked as materialized (
  select u.*
  from
    unnest(%(event_ids)s::bigint[], %(captured)s::timestamptz[], %(together)s::integer[])
    with ordinality as u (event_id, asked_at, together, number)
),

sources as materialized (
  select distinct s.event_id, s.marketplace
  from event_sources as s
  where s.event_id = any(%(event_ids)s::bigint[]) and has_listings(s.marketplace)
),

newest as materialized (
  select a.number, a.event_id, a.asked_at, a.together, s.marketplace, t.captured_at
  from asked as a
  inner join sources as s on s.event_id = a.event_id
  cross join
    lateral (
      select x.captured_at, x.is_suspect
      from snapshots as x
      where x.event_id = s.event_id and x.marketplace = s.marketplace and x.captured_at <= a.asked_at
      order by x.captured_at desc
      limit 1
    ) as t
  where not t.is_suspect
),

markets as (
  select n.*, coalesce((n.captured_at - b.finished_at) / 3, interval '12 hours') as usual
  from newest as n
  left join lateral (
    select x.finished_at
    from fetch_attempts as x
    where x.event_id = n.event_id and x.marketplace = n.marketplace and x.finished_at < n.captured_at
    order by x.finished_at desc
    limit 1 offset 2
  ) as b on true
),

priced as (
  select
    m.number, p.currency, p.get_in_price, m.captured_at, m.usual,
    first_value(m.captured_at) over cheapest_first as cheapest_at, first_value(m.usual) over cheapest_first as cheapest_usual
  from markets as m
  cross join lateral zone_prices(m.event_id, m.marketplace, m.captured_at, '*', m.together) as p
  where
    m.captured_at + 2 * m.usual + interval '5 minutes' >= m.asked_at
    and not exists (
      select 1
      from fetch_attempts as f
      where
        f.event_id = m.event_id and f.marketplace = m.marketplace and f.finished_at > m.captured_at
        and f.finished_at <= m.asked_at and f.outcome not in ('ok', 'empty')
    )
    and p.fee_basis = 'all_in' and p.get_in_price is not null and not is_thin(p.get_in_price, p.floor_price)
  window cheapest_first as (partition by m.number, p.currency order by p.get_in_price, m.marketplace)
)

select number, currency, max(get_in_price) - min(get_in_price) as value
from priced
where greatest(captured_at - cheapest_at, cheapest_at - captured_at) <= greatest(usual, cheapest_usual)
group by number, currency
having count(*) > 1
