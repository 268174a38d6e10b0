-- Which fields differ between stored listings and the same listings read again. Parameters: event_id, marketplace, captured
-- (timestamptz[]), seen_from, seen_until (timestamptz: the first and the last of them). Rows: one per field, with how many
-- listings.
with pairs as (
  select
    to_jsonb(l) - array['event_id', 'marketplace', 'captured_at', 'price_class'] as stored,
    to_jsonb(r) - array['event_id', 'marketplace', 'captured_at', 'price_class'] as replayed
  from listings as l
  inner join replayed_listings as r on r.captured_at = l.captured_at and r.listing_id = l.listing_id
  where
    l.event_id = %(event_id)s and l.marketplace = %(marketplace)s and l.captured_at >= %(seen_from)s
    and l.captured_at <= %(seen_until)s and l.captured_at = any(%(captured)s::timestamptz[])
)

select f.key as field, count(*)::integer as listings
from pairs as p
cross join lateral jsonb_each(p.replayed) as f (key, value)
where p.stored <> p.replayed and p.stored -> f.key is distinct from f.value
group by f.key
order by listings desc, field asc
