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
    pair_id, section, zone, currency, fee_basis, count(*) as listings,
    percentile_cont(0.5) within group (order by log_price) as middle
  from seats
  group by pair_id, section, zone, currency, fee_basis
),

zones as materialized (
  select pair_id, zone, currency, fee_basis, percentile_cont(0.5) within group (order by log_price) as middle
  from seats
  group by pair_id, zone, currency, fee_basis
),

placed as materialized (
  select
    t.*,
    row_number() over (
      partition by t.pair_id
      order by
        round(
          (t.log_price - (s.listings * s.middle + %(zone_listings)s * z.middle) / (s.listings + %(zone_listings)s))::numeric, 9
        ),
        t.listing_id collate "C"
    ) as place,
    count(*) over (partition by t.pair_id) as seats
  from seats as t
  inner join sections as s
    on
      s.pair_id = t.pair_id and s.section = t.section and s.zone = t.zone and s.currency = t.currency
      and s.fee_basis = t.fee_basis
  inner join zones as z
    on z.pair_id = t.pair_id and z.zone = t.zone and z.currency = t.currency and z.fee_basis = t.fee_basis
),

ranked as materialized (
  select
    r.*, width_bucket((r.place - 0.5) / r.seats::double precision, %(edges)s::double precision[]) as class,
    o.change as gone_as, o.zone as gone_zone, o.relisted_as, o.new_quantity, n.listing_id is not null as is_new
  from placed as r
  left join changes as o on o.pair_id = r.pair_id and o.listing_id = r.listing_id and o.is_own and o.change <> 'listed'
  left join changes as n on n.pair_id = r.pair_id and n.listing_id = r.listing_id and not n.is_own
),

classes as (
  select
    k.pair_id, array_agg(k.at_risk order by k.class) as at_risk, array_agg(k.removed order by k.class) as removed,
    array_agg(k.new_at_risk order by k.class) as new_at_risk, array_agg(k.new_removed order by k.class) as new_removed
  from (
    select
      p.pair_id, g.class, count(r.pair_id)::integer as at_risk, (count(*) filter (where r.gone_as = 'removed'))::integer as removed,
      (count(*) filter (where r.is_new))::integer as new_at_risk,
      (count(*) filter (where r.is_new and r.gone_as = 'removed'))::integer as new_removed
    from pairs as p
    cross join generate_series(0, cardinality(%(edges)s::double precision[])) as g (class)
    left join ranked as r on r.pair_id = p.pair_id and r.class = g.class and r.relisted_as is null
    group by p.pair_id, g.class
  ) as k
  group by k.pair_id
),

left_lots as (
  select
    r.pair_id, r.gone_zone as zone, r.currency, r.class, sum(r.quantity) as tickets, sum(r.quantity ^ 2) as squares,
    sum(r.quantity * r.price) as value
  from ranked as r
  where r.gone_as = 'removed' and r.relisted_as is null
  group by r.pair_id, r.gone_zone, r.currency, r.class
  union all
  select
    r.pair_id, r.gone_zone, r.currency, -1, sum(r.quantity - r.new_quantity), 0, sum((r.quantity - r.new_quantity) * r.price)
  from ranked as r
  where
    r.gone_as = 'quantity' and r.gone_zone <> 'Grounds' and r.new_quantity < r.quantity
    and (r.splits is null or (r.quantity - r.new_quantity) = any(r.splits))
  group by r.pair_id, r.gone_zone, r.currency
),

lots as (
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
