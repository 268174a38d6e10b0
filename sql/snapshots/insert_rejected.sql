-- Store listings that are not market prices, with all their reasons.
-- Parameters: event_id, marketplace, captured_at, rejected (jsonb array of position, raw, reasons, listing). Rows: none.
insert into rejected_listings (event_id, marketplace, captured_at, position, raw, reasons, listing)
select
  %(event_id)s, %(marketplace)s, %(captured_at)s, r.position, r.raw, array(select jsonb_array_elements_text(r.reasons)),
  nullif(r.listing, 'null')
from jsonb_to_recordset(%(rejected)s) as r (position integer, raw text, reasons jsonb, listing jsonb)
