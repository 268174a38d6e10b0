-- The last values of subjects by the hour, oldest first, for a sparkline. Parameters, arrays with one element per question:
-- event_ids, marketplaces, zones, currencies, fee_bases, places (as select_references), captured. Rows: one per question
-- with any hour in the seven days before. Thin get-in prices are left out.
with hours as (
  select
    u.number, u.place, p.hour_at, p.floor_price,
    case u.place
      when 1 then p.floor_price when 2 then p.get_in_1_price when 3 then p.get_in_2_price when 4 then p.get_in_3_price
      when 5 then p.get_in_4_price when 6 then p.get_in_5_price when 7 then p.get_in_6_price when 8 then p.get_in_7_price
      when 9 then p.get_in_8_price when 10 then p.median_price when 11 then p.tickets else p.listings
    end as value
  from
    unnest(
      %(event_ids)s::bigint[], %(marketplaces)s::text[], %(zones)s::text[], %(currencies)s::text[], %(fee_bases)s::text[],
      %(places)s::integer[], %(captured)s::timestamptz[]
    ) with ordinality as u (event_id, marketplace, zone, currency, fee_basis, place, captured_at, number)
  inner join hourly_prices as p
    on
      p.event_id = u.event_id and p.marketplace = u.marketplace and p.zone = u.zone and p.currency = u.currency
      and p.fee_basis = u.fee_basis and p.hour_at < u.captured_at and p.hour_at >= u.captured_at - interval '7 days'
)

select number, array_agg(value order by hour_at) as values
from hours
where value is not null and (place not between 2 and 9 or not is_thin(value, floor_price))
group by number
