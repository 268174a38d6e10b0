-- The bodies of the captures before some, one each. Parameters: marketplace, event_ids (bigint[]), captured (timestamptz[]: one
-- each). Looks back 90 days. Rows: one per event that was captured before; `body` is null where it is not kept.
with captures as (
  select u.event_id, u.captured_at
  from unnest(%(event_ids)s::bigint[], %(captured)s::timestamptz[]) as u (event_id, captured_at)
)

select coalesce(r.body, p.body) as body, coalesce(r.encoding, p.encoding) as encoding
from captures as u
left join lateral (
  select n.captured_at
  from snapshots as n
  where
    n.event_id = u.event_id and n.marketplace = %(marketplace)s and n.captured_at < u.captured_at
    and n.captured_at >= u.captured_at - interval '90 days'
  order by n.captured_at desc
  limit 1
) as s on true
left join raw_payloads as r
  on r.event_id = u.event_id and r.marketplace = %(marketplace)s and r.captured_at = s.captured_at
left join lateral (
  select n.captured_at
  from ticketmaster_events as n
  where
    n.event_id = u.event_id and %(marketplace)s = 'ticketmaster' and n.captured_at < u.captured_at
    and n.captured_at >= u.captured_at - interval '90 days'
  order by n.captured_at desc
  limit 1
) as t on true
left join ticketmaster_payloads as p on p.event_id = u.event_id and p.captured_at = t.captured_at
where s.captured_at is not null or t.captured_at is not null
