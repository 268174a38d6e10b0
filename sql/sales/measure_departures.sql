-- Count what could leave and what left between captures, by class of price rank at the earlier one.
-- Parameters, arrays with one element per pair: event_ids, marketplaces, captured, previous; sizes (integer[]: seats at the
-- earlier capture by class, pair after pair), classes (how many there are); ranked_pairs (from 0), ranked_ids, ranked_classes
-- (arrays: the class of each seat of pairs whose earlier capture has none stored that holds); seen_from, seen_until (the first
-- and last capture whose listings are read). In lots, those that were new at the earlier capture have a class of their own,
-- `classes` further. Rows: none.
with pairs as materialized (
  select u.*, u.number - 1 as pair_id, d.place
  from
    unnest(%(event_ids)s::bigint[], %(marketplaces)s::text[], %(captured)s::timestamptz[], %(previous)s::timestamptz[])
    with ordinality as u (event_id, marketplace, captured_at, previous_captured_at, number)
  cross join
    lateral ( -- noqa: ST05
      select x.ctid as place
      from sale_departures as x
      where x.event_id = u.event_id and x.marketplace = u.marketplace and x.captured_at = u.captured_at
      offset 0 -- noqa: AM09
    ) as d
),

-- What is known of the few seats that came or went: read by index, capture by capture, whatever the planner thinks of joins
-- (offset 0).
moved as materialized (
  select p.pair_id, m.*, coalesce(r.class, m.price_class) as class
  from pairs as p
  cross join
    lateral (
      select c.*, l.price_class, l.currency, l.quantity, l.splits, l.price
      from (
        select
          x.listing_id, bool_or(x.change = 'listed') as is_new, max(x.change) filter (where x.change <> 'listed') as gone_as,
          max(x.zone) filter (where x.change <> 'listed') as gone_zone, max(x.relisted_as) as relisted_as,
          max(x.new_quantity) filter (where x.change <> 'listed') as new_quantity
        from listing_changes as x
        where
          x.event_id = p.event_id and x.captured_at in (p.captured_at, p.previous_captured_at) and x.marketplace = p.marketplace
          and case when x.captured_at = p.captured_at then x.change in ('removed', 'quantity') else x.change = 'listed' end
        group by x.listing_id
      ) as c
      inner join listings as l
        on
          l.event_id = p.event_id and l.captured_at = p.previous_captured_at and l.marketplace = p.marketplace
          and l.listing_id = c.listing_id and l.admission = 'seat' and l.captured_at >= %(seen_from)s
          and l.captured_at <= %(seen_until)s
      offset 0 -- noqa: AM09
    ) as m
  left join
    unnest(%(ranked_pairs)s::bigint[], %(ranked_ids)s::text[], %(ranked_classes)s::smallint[]) as r (pair_id, listing_id, class)
    on r.pair_id = p.pair_id and r.listing_id = m.listing_id
),

counts as (
  select
    pair_id, class, count(*) filter (where relisted_as is not null) as relisted,
    count(*) filter (where relisted_as is null and gone_as = 'removed') as removed,
    count(*) filter (where relisted_as is null and is_new) as new_at_risk,
    count(*) filter (where relisted_as is null and is_new and gone_as = 'removed') as new_removed
  from moved
  group by pair_id, class
),

classes as materialized (
  select
    s.pair_id, array_agg(s.seats - coalesce(c.relisted, 0) order by s.class) as at_risk,
    array_agg(coalesce(c.removed, 0) order by s.class) as removed,
    array_agg(coalesce(c.new_at_risk, 0) order by s.class) as new_at_risk,
    array_agg(coalesce(c.new_removed, 0) order by s.class) as new_removed
  from (
    select u.seats, (u.place - 1) / %(classes)s as pair_id, mod(u.place - 1, %(classes)s) as class
    from unnest(%(sizes)s::integer[]) with ordinality as u (seats, place)
  ) as s
  left join counts as c on c.pair_id = s.pair_id and c.class = s.class
  group by s.pair_id
),

left_lots as (
  select
    pair_id, gone_zone as zone, currency, class + case when is_new then %(classes)s else 0 end as class,
    sum(quantity) as tickets, sum(quantity ^ 2) as squares, sum(quantity * price) as value
  from moved
  where gone_as = 'removed' and relisted_as is null
  group by pair_id, gone_zone, currency, class, is_new
  union all
  select pair_id, gone_zone, currency, -1, sum(quantity - new_quantity), 0, sum((quantity - new_quantity) * price)
  from moved
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
  new_removed = k.new_removed, lots = coalesce(l.lots, '[]')
from pairs as p
inner join classes as k on k.pair_id = p.pair_id
left join lots as l on l.pair_id = p.pair_id
where d.ctid = p.place and d.ctid = any(array(select x.place from pairs as x))
