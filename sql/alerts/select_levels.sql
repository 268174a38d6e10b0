-- The listings of captures by zone, currency and fee basis, each as one number: cents times 256, and a bit for each number of
-- tickets that it sells together, of those that are wanted (market/levels.py).
-- Parameters, arrays with one element per capture: event_ids, marketplaces, captured, has_zones (boolean[]: by zone; else
-- seats alone, as zone *); together (integer[]: wanted, 1 to 8). Rows: none where nothing was for sale.
with held as (
  select
    c.number, l.currency, l.fee_basis, l.quantity, l.splits, l.price, l.admission = 'seat' as is_seat,
    case
      when not c.has_zones then '*'
      when l.admission = 'seat' then coalesce(nullif(l.zone, '*'), nullif(l.section, '*'), 'unknown')
      else 'Grounds'
    end collate "C" as zone
  from
    unnest(%(event_ids)s::bigint[], %(marketplaces)s::text[], %(captured)s::timestamptz[], %(has_zones)s::boolean[])
    with ordinality as c (event_id, marketplace, captured_at, has_zones, number)
  inner join listings as l
    on l.event_id = c.event_id and l.captured_at = c.captured_at and l.marketplace = c.marketplace
  where c.has_zones or l.admission = 'seat'
)

select
  number, zone, currency, fee_basis, is_seat, sum(quantity)::integer as tickets,
  array_agg(
    (price * 100)::bigint * 256
    + case when 1 = any(%(together)s::integer[]) and can_sell(quantity, splits, 1) then 1 else 0 end
    + case when 2 = any(%(together)s::integer[]) and can_sell(quantity, splits, 2) then 2 else 0 end
    + case when 3 = any(%(together)s::integer[]) and can_sell(quantity, splits, 3) then 4 else 0 end
    + case when 4 = any(%(together)s::integer[]) and can_sell(quantity, splits, 4) then 8 else 0 end
    + case when 5 = any(%(together)s::integer[]) and can_sell(quantity, splits, 5) then 16 else 0 end
    + case when 6 = any(%(together)s::integer[]) and can_sell(quantity, splits, 6) then 32 else 0 end
    + case when 7 = any(%(together)s::integer[]) and can_sell(quantity, splits, 7) then 64 else 0 end
    + case when 8 = any(%(together)s::integer[]) and can_sell(quantity, splits, 8) then 128 else 0 end
  ) as codes
from held
group by number, zone, currency, fee_basis, is_seat
