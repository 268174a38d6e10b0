-- Count what could leave and what left between captures, by class of price rank at the earlier one; as `market.sales` defines it.
-- Parameters, arrays with one element per pair: event_ids, marketplaces, captured, previous; edges (double precision[]: where
-- classes begin), zone_listings; seen_from, seen_until (the first and last capture that is read). Rows: none.
with pairs as materialized (
  select row_number() over () as pair_id, u.*
  from unnest(%(event_ids)s::bigint[], %(marketplaces)s::text[], %(captured)s::timestamptz[], %(previous)s::timestamptz[])
    as u (event_id, marketplace, captured_at, previous_captured_at)
),

changes as materialized (
  select p.pair_id, l.captured_at = p.captured_at as is_own, l.change, l.listing_id, l.zone, l.relisted_as, l.new_quantity
  from pairs as p
  -- Read by index, capture by capture, whatever the planner thinks of joins (offset 0).
  cross join
    lateral (
      select c.captured_at, c.change, c.listing_id, c.zone, c.relisted_as, c.new_quantity
      from listing_changes as c
      where
        c.event_id = p.event_id and c.captured_at in (p.captured_at, p.previous_captured_at) and c.marketplace = p.marketplace
        and c.captured_at >= %(seen_from)s and c.captured_at <= %(seen_until)s
      offset 0 -- noqa: AM09
    ) as l
  where l.change in ('removed', 'quantity') and l.captured_at = p.captured_at or l.change = 'listed'
),

seats as materialized (
  select
    p.pair_id, l.listing_id, coalesce(l.section, '') as section,
    coalesce(nullif(l.zone, '*'), nullif(l.section, '*'), 'unknown') as zone, l.currency, l.fee_basis, l.quantity, l.splits,
    l.price, ln(l.price::double precision) as log_price
  from pairs as p
  cross join
    lateral (
      select x.listing_id, x.section, x.zone, x.currency, x.fee_basis, x.quantity, x.splits, x.price
      from listings as x
      where
        x.event_id = p.event_id and x.captured_at = p.previous_captured_at and x.marketplace = p.marketplace
        and x.admission = 'seat' and x.captured_at >= %(seen_from)s and x.captured_at <= %(seen_until)s
      offset 0 -- noqa: AM09
    ) as l
),

sections as materialized (
  select
    pair_id, section, zone, currency, fee_basis, count(*) as listings, array_agg(listing_id) as listing_ids,
    array_agg(log_price) as log_prices, percentile_cont(0.5) within group (order by log_price) as middle
  from seats
  group by pair_id, section, zone, currency, fee_basis
),

zones as materialized (
  select pair_id, zone, currency, fee_basis, percentile_cont(0.5) within group (order by log_price) as middle
  from seats
  group by pair_id, zone, currency, fee_basis
),

totals as materialized (
  select pair_id, sum(listings)::double precision as listings
  from sections
  group by pair_id
),

distances as (
  select
    s.pair_id, l.listing_id,
    round(
      1e9 * (l.log_price - (s.listings * s.middle + %(zone_listings)s * z.middle) / (s.listings + %(zone_listings)s))
    ) as distance
  from sections as s
  inner join zones as z
    on z.pair_id = s.pair_id and z.zone = s.zone and z.currency = s.currency and z.fee_basis = s.fee_basis
  cross join lateral unnest(s.listing_ids, s.log_prices) as l (listing_id, log_price)
),

ranked as materialized (
  select
    r.pair_id, r.listing_id,
    width_bucket((r.place - 0.5) / t.listings, %(edges)s::double precision[]) as class
  from (
    select d.*, row_number() over (partition by d.pair_id order by d.distance, d.listing_id collate "C") as place
    from distances as d
  ) as r
  inner join totals as t on t.pair_id = r.pair_id
),

-- What is known of the few listings that came or went.
moved as materialized (
  select
    r.pair_id, r.listing_id, r.class, bool_or(not c.is_own) as is_new, max(c.change) filter (where c.is_own) as gone_as,
    max(c.zone) filter (where c.is_own) as gone_zone, max(c.relisted_as) filter (where c.is_own) as relisted_as,
    max(c.new_quantity) filter (where c.is_own) as new_quantity
  from changes as c
  inner join ranked as r on r.pair_id = c.pair_id and r.listing_id = c.listing_id
  where c.change = 'listed' and not c.is_own or c.change <> 'listed' and c.is_own
  group by r.pair_id, r.listing_id, r.class
),

classes as materialized (
  select
    k.pair_id, array_agg(k.at_risk order by k.class) as at_risk, array_agg(k.removed order by k.class) as removed,
    array_agg(k.new_at_risk order by k.class) as new_at_risk, array_agg(k.new_removed order by k.class) as new_removed
  from (
    select
      p.pair_id, g.class, (coalesce(r.listings, 0) - coalesce(m.relisted, 0))::integer as at_risk,
      coalesce(m.removed, 0) as removed, coalesce(m.new_at_risk, 0) as new_at_risk, coalesce(m.new_removed, 0) as new_removed
    from pairs as p
    cross join generate_series(0, cardinality(%(edges)s::double precision[])) as g (class)
    left join (
      select pair_id, class, count(*) as listings
      from ranked
      group by pair_id, class
    ) as r
      on r.pair_id = p.pair_id and r.class = g.class
    left join (
      select
        pair_id, class, (count(*) filter (where relisted_as is not null))::integer as relisted,
        (count(*) filter (where relisted_as is null and gone_as = 'removed'))::integer as removed,
        (count(*) filter (where relisted_as is null and is_new))::integer as new_at_risk,
        (count(*) filter (where relisted_as is null and is_new and gone_as = 'removed'))::integer as new_removed
      from moved
      group by pair_id, class
    ) as m on m.pair_id = p.pair_id and m.class = g.class
  ) as k
  group by k.pair_id
),

gone as (
  select m.*, t.currency, t.quantity, t.splits, t.price
  from moved as m
  inner join seats as t on t.pair_id = m.pair_id and t.listing_id = m.listing_id
  where m.gone_as is not null
),

left_lots as (
  select
    pair_id, gone_zone as zone, currency, class, sum(quantity) as tickets, sum(quantity ^ 2) as squares,
    sum(quantity * price) as value
  from gone
  where gone_as = 'removed' and relisted_as is null
  group by pair_id, gone_zone, currency, class
  union all
  select pair_id, gone_zone, currency, -1, sum(quantity - new_quantity), 0, sum((quantity - new_quantity) * price)
  from gone
  where
    gone_as = 'quantity' and gone_zone <> 'Grounds' and new_quantity < quantity
    and (splits is null or (quantity - new_quantity) = any(splits))
  group by pair_id, gone_zone, currency
),

lots as materialized (
  select
    pair_id, jsonb_agg(jsonb_build_array(zone, currency, class, tickets, squares, value) order by zone, currency, class) as lots
  from left_lots
  group by pair_id
)

update sale_departures as d
set
  previous_captured_at = p.previous_captured_at, at_risk = k.at_risk, removed = k.removed, new_at_risk = k.new_at_risk,
  new_removed = k.new_removed,
  lots = coalesce(l.lots, '[]')
from pairs as p
inner join classes as k on k.pair_id = p.pair_id
left join lots as l on l.pair_id = p.pair_id
where
  d.event_id = p.event_id and d.marketplace = p.marketplace and d.captured_at = p.captured_at
  and d.event_id = any(%(event_ids)s::bigint[])
