-- The last floor of each slot of time, for the shape of many events at once. Parameters: event_ids (bigint[]),
-- starts_from and starts_until (timestamptz), slot (interval). Rows: one per event, marketplace, currency and fee basis,
-- with the numbers of its slots that have a floor, from 0 on, and these floors.
select event_id, marketplace, currency, fee_basis, array_agg(slot order by slot) as slots, array_agg(floor_price order by slot) as floors
from (
  select
    event_id, marketplace, currency, fee_basis,
    floor(extract(epoch from hour_at - %(starts_from)s) / extract(epoch from %(slot)s::interval))::integer as slot,
    (array_agg(floor_price order by hour_at desc))[1] as floor_price
  from hourly_prices
  where
    event_id = any(%(event_ids)s::bigint[]) and zone = '*' and hour_at >= %(starts_from)s and hour_at < %(starts_until)s
    and floor_price is not null
  group by 1, 2, 3, 4, 5
) as last_floors
group by 1, 2, 3, 4
