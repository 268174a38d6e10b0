-- The percentile of the floor among similar past events, as of captures. Parameters, arrays with one element per question:
-- event_ids, marketplaces, captured. Rows: one per currency and fee basis with enough similar events.
select u.number, p.currency, p.fee_basis, p.percentile::numeric as value
from
  unnest(%(event_ids)s::bigint[], %(marketplaces)s::text[], %(captured)s::timestamptz[])
  with ordinality as u (event_id, marketplace, captured_at, number)
cross join lateral percentile_of_now(u.event_id, u.captured_at, 30, u.marketplace) as p
where p.percentile is not null
