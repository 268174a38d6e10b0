-- What captures hold, by zone (*: the whole event), currency and fee basis: the arithmetic of hourly_prices, from listings.
-- Parameters, arrays with one element per capture: event_ids, marketplaces, captured, has_zones (boolean[]: each zone, too);
-- together (integer[]: the get-in prices that are wanted), has_floor and has_median (boolean). Rows: none where nothing was
-- for sale; values: floor, get-in 1 to 8, median, tickets, listings. A get-in price is thin where fewer than three listings that
-- sell as many together are within 15 %% of it: it is null in values, and is_thin says so.
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
),

priced as (
  select
    r.number, r.zone, r.currency, r.fee_basis, min(r.price) filter (where r.third <= 1.15 * r.price) as floor_price,
    -- percentile_cont takes no numeric: whole cents as floats are exact, and so are their quarters.
    (
      percentile_cont(0.5) within group (order by (r.price * 100)::double precision) filter (where %(has_median)s)::numeric
      / 100
    )::numeric(12, 2) as median_price,
    sum(r.quantity) as tickets, count(*) as listings,
    (
      (array_agg(r.price order by r.price) filter (where 1 = any(%(together)s::integer[]) and can_sell(r.quantity, r.splits, 1)))[:3]
    ) as lowest_1,
    (
      (array_agg(r.price order by r.price) filter (where 2 = any(%(together)s::integer[]) and can_sell(r.quantity, r.splits, 2)))[:3]
    ) as lowest_2,
    (
      (array_agg(r.price order by r.price) filter (where 3 = any(%(together)s::integer[]) and can_sell(r.quantity, r.splits, 3)))[:3]
    ) as lowest_3,
    (
      (array_agg(r.price order by r.price) filter (where 4 = any(%(together)s::integer[]) and can_sell(r.quantity, r.splits, 4)))[:3]
    ) as lowest_4,
    (
      (array_agg(r.price order by r.price) filter (where 5 = any(%(together)s::integer[]) and can_sell(r.quantity, r.splits, 5)))[:3]
    ) as lowest_5,
    (
      (array_agg(r.price order by r.price) filter (where 6 = any(%(together)s::integer[]) and can_sell(r.quantity, r.splits, 6)))[:3]
    ) as lowest_6,
    (
      (array_agg(r.price order by r.price) filter (where 7 = any(%(together)s::integer[]) and can_sell(r.quantity, r.splits, 7)))[:3]
    ) as lowest_7,
    (
      (array_agg(r.price order by r.price) filter (where 8 = any(%(together)s::integer[]) and can_sell(r.quantity, r.splits, 8)))[:3]
    ) as lowest_8
  from ranked as r
  group by r.number, r.zone, r.currency, r.fee_basis
)

select
  p.number, p.zone, p.currency, p.fee_basis,
  array[
    p.floor_price,
    case when p.lowest_1[3] <= 1.15 * p.lowest_1[1] then p.lowest_1[1] end,
    case when p.lowest_2[3] <= 1.15 * p.lowest_2[1] then p.lowest_2[1] end,
    case when p.lowest_3[3] <= 1.15 * p.lowest_3[1] then p.lowest_3[1] end,
    case when p.lowest_4[3] <= 1.15 * p.lowest_4[1] then p.lowest_4[1] end,
    case when p.lowest_5[3] <= 1.15 * p.lowest_5[1] then p.lowest_5[1] end,
    case when p.lowest_6[3] <= 1.15 * p.lowest_6[1] then p.lowest_6[1] end,
    case when p.lowest_7[3] <= 1.15 * p.lowest_7[1] then p.lowest_7[1] end,
    case when p.lowest_8[3] <= 1.15 * p.lowest_8[1] then p.lowest_8[1] end,
    p.median_price, p.tickets, p.listings
  ] as values,
  array[
    p.floor_price is null,
    (p.lowest_1[3] <= 1.15 * p.lowest_1[1]) is not true and p.lowest_1[1] is not null,
    (p.lowest_2[3] <= 1.15 * p.lowest_2[1]) is not true and p.lowest_2[1] is not null,
    (p.lowest_3[3] <= 1.15 * p.lowest_3[1]) is not true and p.lowest_3[1] is not null,
    (p.lowest_4[3] <= 1.15 * p.lowest_4[1]) is not true and p.lowest_4[1] is not null,
    (p.lowest_5[3] <= 1.15 * p.lowest_5[1]) is not true and p.lowest_5[1] is not null,
    (p.lowest_6[3] <= 1.15 * p.lowest_6[1]) is not true and p.lowest_6[1] is not null,
    (p.lowest_7[3] <= 1.15 * p.lowest_7[1]) is not true and p.lowest_7[1] is not null,
    (p.lowest_8[3] <= 1.15 * p.lowest_8[1]) is not true and p.lowest_8[1] is not null
  ] as is_thin
from priced as p
