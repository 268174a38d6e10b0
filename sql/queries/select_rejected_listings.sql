-- The listings of one capture that are not market prices. Parameters: event_id, marketplace, captured_at. Rows: one per
-- listing: what was excluded first, cheapest first; the columns of a listing that could not be read are null.
select
  c.section, c."row", c.zone, c.quantity, c.price, c.currency, c.notes, r.reasons, r.raw
from rejected_listings as r
cross join jsonb_populate_record(null::listings, r.listing) as c
where r.event_id = %(event_id)s and r.marketplace = %(marketplace)s and r.captured_at = %(captured_at)s
order by c.price nulls last, r.position
