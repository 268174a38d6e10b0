-- What captures hold, by zone (*: the whole event), currency and fee basis: the arithmetic of hourly_prices, from listings.
-- Parameters, arrays with one element per capture: event_ids, marketplaces, captured, has_zones (boolean[]: each zone, too);
-- together (integer[]: the get-in prices that are wanted), has_floor and has_median (boolean). Rows: none where nothing was
-- for sale; values: floor, get-in 1 to 8, median, tickets, listings.
with captures as materialized (
  select u.*
  from
    unnest(%(event_ids)s::bigint[], %(marketplaces)s::text[], %(captured)s::timestamptz[], %(has_zones)s::boolean[])
    with ordinality as u (event_id, marketplace, captured_at, has_zones, number)
),

-- Compared a million times in sorts: byte by byte, whatever the collation of the database.
held as materialized (
  select
    c.number, c.has_zones, l.currency collate "C" as currency, l.fee_basis collate "C" as fee_basis, l.quantity, l.splits, l.price,
    l.admission = 'seat' as is_seat,
    case
      when l.admission = 'seat' then coalesce(nullif(l.zone, '*'), nullif(l.section, '*'), 'unknown')
      else 'Grounds'
    end collate "C" as zone
  from captures as c
  inner join listings as l
    on l.event_id = c.event_id and l.captured_at = c.captured_at and l.marketplace = c.marketplace
),

observed as (
  select number, '*' collate "C" as zone, currency, fee_basis, quantity, splits, price
  from held
  where is_seat
  union all
  select number, zone, currency, fee_basis, quantity, splits, price
  from held
  where has_zones
),

ranked as (
  select
    *,
    case
      when %(has_floor)s then lead(price, 2) over (partition by number, zone, currency, fee_basis order by price)
    end as third
  from observed
)

select
  r.number, r.zone, r.currency, r.fee_basis,
  array[
    min(r.price) filter (where r.third <= 1.15 * r.price),
    min(r.price) filter (where 1 = any(%(together)s::integer[]) and can_sell(r.quantity, r.splits, 1)),
    min(r.price) filter (where 2 = any(%(together)s::integer[]) and can_sell(r.quantity, r.splits, 2)),
    min(r.price) filter (where 3 = any(%(together)s::integer[]) and can_sell(r.quantity, r.splits, 3)),
    min(r.price) filter (where 4 = any(%(together)s::integer[]) and can_sell(r.quantity, r.splits, 4)),
    min(r.price) filter (where 5 = any(%(together)s::integer[]) and can_sell(r.quantity, r.splits, 5)),
    min(r.price) filter (where 6 = any(%(together)s::integer[]) and can_sell(r.quantity, r.splits, 6)),
    min(r.price) filter (where 7 = any(%(together)s::integer[]) and can_sell(r.quantity, r.splits, 7)),
    min(r.price) filter (where 8 = any(%(together)s::integer[]) and can_sell(r.quantity, r.splits, 8)),
    -- percentile_cont takes no numeric: whole cents as floats are exact, and so are their quarters.
    (
      percentile_cont(0.5) within group (order by (r.price * 100)::double precision) filter (where %(has_median)s)::numeric
      / 100
    )::numeric(12, 2),
    sum(r.quantity),
    count(*)
  ] as values
from ranked as r
group by r.number, r.zone, r.currency, r.fee_basis
