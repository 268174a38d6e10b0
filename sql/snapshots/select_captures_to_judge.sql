-- The captures that decide, or depend on, whether a new one can be trusted: the last two trusted ones before it, what was
-- captured since, the new one itself, and what was captured later (a late arrival). Two, because the last one may be trusted
-- for a capture after it, which a late arrival between them can change. Looks back at most 90 days.
-- Listings that were excluded could be read: trust must not depend on rules of what is a seat.
-- Parameters: event_id, marketplace, captured_at. Rows: three or four as a rule, in order of capture; `begins_trusted`:
-- the first is one of those two.
with trusted as (
  select s.captured_at
  from snapshots as s
  where
    s.event_id = %(event_id)s and s.marketplace = %(marketplace)s and not s.is_suspect
    and s.captured_at < %(captured_at)s and s.captured_at >= %(captured_at)s - interval '90 days'
  order by s.captured_at desc
  limit 2
),

beginning as (
  select
    case when count(*) = 2 then min(t.captured_at) else %(captured_at)s - interval '90 days' end as captured_at,
    count(*) = 2 as begins_trusted
  from trusted as t
)

select
  s.captured_at, s.received, s.accepted + s.set_aside as readable, s.is_suspect,
  coalesce(cardinality(s.checksum_problems), 0) > 0 as is_disputed, b.begins_trusted, e.event_at
from snapshots as s
inner join events as e on e.event_id = s.event_id
cross join beginning as b
where
  s.event_id = %(event_id)s and s.marketplace = %(marketplace)s
  and s.captured_at >= b.captured_at
order by s.captured_at
