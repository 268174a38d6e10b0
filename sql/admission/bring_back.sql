-- Move listings that were excluded, and are seats or grounds by the rules of now, back to the others.
-- Parameters: starts_from, starts_until, event_ids (bigint[]: of the sources), sources (jsonb array of event_id, marketplace,
-- fingerprint), verdicts (jsonb array of event_id, marketplace, section, row, zone, notes, each '' where null, and admission).
-- Rows: none.
with stale as materialized (select * from captures_to_judge(%(sources)s, %(starts_from)s, %(starts_until)s)),

verdicts as materialized (select * from admission_verdicts(%(verdicts)s)),

returned as (
  delete from rejected_listings as x
  using stale as s, verdicts as v
  where
    x.event_id = s.event_id and x.marketplace = s.marketplace and x.captured_at = s.captured_at and x.listing is not null
    and x.captured_at >= %(starts_from)s and x.captured_at < %(starts_until)s
    and x.event_id = any(%(event_ids)s::bigint[])
    and v.event_id = x.event_id and v.marketplace = x.marketplace and v.section = coalesce(x.listing ->> 'section', '')
    and v."row" = coalesce(x.listing ->> 'row', '') and v.zone = coalesce(x.listing ->> 'zone', '')
    and v.notes = coalesce(x.listing ->> 'notes', '') and v.admission in ('seat', 'grounds')
  returning x.event_id, x.marketplace, x.captured_at, x.listing
)

insert into listings (
  event_id, marketplace, captured_at, listing_id, section, "row", zone, quantity, splits, ask_price, all_in_price,
  net_proceeds, price, fee_basis, currency, is_general_admission, is_speculative, notes
)
select
  r.event_id, r.marketplace, r.captured_at, c.listing_id, c.section, c."row", c.zone, c.quantity, c.splits, c.ask_price,
  c.all_in_price, c.net_proceeds, c.price, c.fee_basis, c.currency, c.is_general_admission, c.is_speculative, c.notes
from returned as r
cross join jsonb_populate_record(null::listings, r.listing) as c
