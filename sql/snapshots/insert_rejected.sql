-- Store listings that are not market prices, with all their reasons.
-- Parameters: rejected (jsonb array of event_id, marketplace, captured_at, position, raw, reasons, listing). Rows: none.
insert into rejected_listings (event_id, marketplace, captured_at, position, raw, reasons, listing)
select r.event_id, r.marketplace, r.captured_at, r.position, r.raw, r.reasons, nullif(r.listing, 'null')
from jsonb_populate_recordset(null::rejected_listings, %(rejected)s) as r
