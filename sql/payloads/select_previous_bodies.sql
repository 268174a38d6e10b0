-- The bodies of the captures before some, one each. Parameters: marketplace, event_ids (bigint[]), captured (timestamptz[]: one
-- each). Looks back 90 days. Rows: one per event that was captured before; `body` is null where it is not kept.
select p.body, p.encoding
from unnest(%(event_ids)s::bigint[], %(captured)s::timestamptz[]) as u (event_id, captured_at)
cross join lateral (
  (
    select s.captured_at, r.body, r.encoding
    from snapshots as s
    left join raw_payloads as r
      on r.event_id = s.event_id and r.marketplace = s.marketplace and r.captured_at = s.captured_at
    where
      s.event_id = u.event_id and s.marketplace = %(marketplace)s and s.captured_at < u.captured_at
      and s.captured_at >= u.captured_at - interval '90 days'
    order by s.captured_at desc
    limit 1
  )
  union all
  (
    select t.captured_at, r.body, r.encoding
    from ticketmaster_events as t
    left join ticketmaster_payloads as r on r.event_id = t.event_id and r.captured_at = t.captured_at
    where
      t.event_id = u.event_id and %(marketplace)s = 'ticketmaster' and t.captured_at < u.captured_at
      and t.captured_at >= u.captured_at - interval '90 days'
    order by t.captured_at desc
    limit 1
  )
) as p
