-- The captures that decide, or depend on, whether new ones can be trusted. Of each event and marketplace: the last two trusted
-- ones before its first new one, what was captured since, and what was captured later (a late arrival). Two, because the last
-- one may be trusted for a capture after it, which a late arrival between them can change. Looks back at most 90 days.
-- Listings that were excluded could be read: trust must not depend on rules of what is a seat.
-- Parameters, arrays with one element per event and marketplace: event_ids, marketplaces, captured (timestamptz[]: its first new
-- capture). Rows: three or four each as a rule, in order of capture; `begins_trusted`: the first is one of those two.
-- Captures are read by index, event by event, whatever the planner thinks of joins (offset 0).
with sources as (
  select u.event_id, u.marketplace, u.captured_at
  from
    unnest(%(event_ids)s::bigint[], %(marketplaces)s::text[], %(captured)s::timestamptz[]) as u (event_id, marketplace, captured_at)
)

select
  s.event_id, s.marketplace, s.captured_at, s.received, s.accepted + s.set_aside as readable, s.is_suspect,
  coalesce(cardinality(s.checksum_problems), 0) > 0 as is_disputed, b.captured_at is not null as begins_trusted, e.event_at
from sources as o
left join
  lateral (
    select x.captured_at
    from snapshots as x
    where
      x.event_id = o.event_id and x.marketplace = o.marketplace and not x.is_suspect
      and x.captured_at < o.captured_at and x.captured_at >= o.captured_at - interval '90 days'
    order by x.captured_at desc
    limit 1 offset 1
  ) as b
  on true
cross join
  lateral (
    select x.*
    from snapshots as x
    where
      x.event_id = o.event_id and x.marketplace = o.marketplace
      and x.captured_at >= coalesce(b.captured_at, o.captured_at - interval '90 days')
    offset 0 -- noqa: AM09
  ) as s
inner join events as e on e.event_id = s.event_id
order by s.event_id, s.marketplace, s.captured_at
