-- Captures of a span of which most listings are not market prices, though they are seats; with the most frequent reasons.
-- Parameters: marketplace, captured_from, captured_until, set_aside (text[]: reasons that are not counted). Rows: one per
-- capture, newest first; none when all is well.
with surprises as (
  select s.event_id, s.marketplace, s.external_id, s.captured_at, s.received, r.reasons
  from snapshots as s
  inner join rejected_listings as r
    on r.event_id = s.event_id and r.marketplace = s.marketplace and r.captured_at = s.captured_at
  where
    s.captured_at >= %(captured_from)s and s.captured_at < %(captured_until)s and s.marketplace = %(marketplace)s
    and 2 * s.rejected > s.received and not r.reasons <@ %(set_aside)s::text[]
),

counted as (
  select event_id, marketplace, external_id, captured_at, received, count(*)::integer as surprising
  from surprises
  group by event_id, marketplace, external_id, captured_at, received
),

frequent as (
  select
    p.event_id, p.captured_at, u.reason, count(*) as times,
    row_number() over (partition by p.event_id, p.captured_at order by count(*) desc, u.reason asc) as place
  from surprises as p
  cross join lateral unnest(p.reasons) as u (reason)
  group by p.event_id, p.captured_at, u.reason
)

select
  c.event_id, c.marketplace, c.external_id, c.captured_at, c.received, c.surprising,
  array_agg(f.times || ' x ' || f.reason order by f.place) as reasons
from counted as c
inner join frequent as f on f.event_id = c.event_id and f.captured_at = c.captured_at and f.place <= 3
where 2 * c.surprising > c.received
group by c.event_id, c.marketplace, c.external_id, c.captured_at, c.received, c.surprising
order by c.captured_at desc, c.external_id asc
