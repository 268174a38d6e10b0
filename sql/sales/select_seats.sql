-- The seats of a capture. Parameters: event_id, marketplace, captured_at. Rows: 1, whose columns, those of
-- `market.price_classes`, are arrays.
select
  coalesce(array_agg(listing_id), '{}') as listing_id, coalesce(array_agg(section), '{}') as section,
  coalesce(array_agg("row"), '{}') as "row", coalesce(array_agg(zone), '{}') as zone,
  coalesce(array_agg(currency), '{}') as currency, coalesce(array_agg(fee_basis), '{}') as fee_basis,
  coalesce(array_agg(price::double precision), '{}') as price, coalesce(array_agg(admission), '{}') as admission
from listings
where
  event_id = %(event_id)s and marketplace = %(marketplace)s and captured_at = %(captured_at)s and admission = 'seat'
