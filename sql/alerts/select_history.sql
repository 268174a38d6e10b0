-- The last values of subjects by the hour, oldest first, for a sparkline. Parameters, arrays with one element per question:
-- event_ids, marketplaces, zones, currencies, fee_bases, places (as select_references), captured. Rows: one per question
-- with any hour in the seven days before.
with hours as (
  select
    u.number, p.hour_at,
    (array[
      p.floor_price, p.get_in_1_price, p.get_in_2_price, p.get_in_3_price, p.get_in_4_price, p.get_in_5_price,
      p.get_in_6_price, p.get_in_7_price, p.get_in_8_price, p.median_price, p.tickets, p.listings
    ])[u.place] as value
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
where value is not null
group by number
