-- The captures of a span, and of each event and marketplace the trusted one before it and the one after it.
-- Parameters: event_ids (bigint[]), marketplaces (text[]: one each), changed_from, changed_until (timestamptz). Looks at most
-- 90 days around the span. Rows: one per capture, in order.
with sources as (
  select u.event_id, u.marketplace
  from unnest(%(event_ids)s::bigint[], %(marketplaces)s::text[]) as u (event_id, marketplace)
),

spans as (
  select
    o.event_id, o.marketplace, coalesce(earlier.captured_at, %(changed_from)s) as since,
    coalesce(later.captured_at, %(changed_until)s) as until
  from sources as o
  left join lateral (
    select s.captured_at
    from snapshots as s
    where
      s.event_id = o.event_id and s.marketplace = o.marketplace and not s.is_suspect
      and s.captured_at < %(changed_from)s and s.captured_at >= %(changed_from)s - interval '90 days'
    order by s.captured_at desc
    limit 1
  ) as earlier on true
  left join lateral (
    select s.captured_at
    from snapshots as s
    where
      s.event_id = o.event_id and s.marketplace = o.marketplace and not s.is_suspect
      and s.captured_at > %(changed_until)s and s.captured_at <= %(changed_until)s + interval '90 days'
    order by s.captured_at
    limit 1
  ) as later on true
)

select s.event_id, s.marketplace, s.captured_at, s.is_suspect, e.event_at
from spans as o
inner join snapshots as s
  on
    s.event_id = o.event_id and s.marketplace = o.marketplace and s.captured_at >= o.since and s.captured_at <= o.until
inner join events as e on e.event_id = s.event_id
order by s.event_id, s.marketplace, s.captured_at
