-- Trusted captures of a span that are not linked with the trusted one before them (of the 90 days before), or whose event
-- starts at another time now, before or after them.
-- Parameters: starts_from, starts_until (timestamptz). Rows: up to 1,000, one per capture; none when all is well.
select s.event_id, s.marketplace, s.captured_at, s.previous_captured_at, b.captured_at as trusted_at
from snapshots as s
inner join events as e on e.event_id = s.event_id
left join lateral (
  select x.captured_at
  from snapshots as x
  where
    x.event_id = s.event_id and x.marketplace = s.marketplace and not x.is_suspect and x.captured_at < s.captured_at
    and x.captured_at >= s.captured_at - interval '90 days'
  order by x.captured_at desc
  limit 1
) as b on true
where
  s.captured_at >= %(starts_from)s and s.captured_at < %(starts_until)s and not s.is_suspect
  and (
    s.previous_captured_at is distinct from b.captured_at or s.censored_because is not distinct from 'not compared'
    or (b.captured_at is not null and (s.captured_at >= e.event_at) <> (coalesce(s.censored_because, '') = 'event started'))
  )
order by s.captured_at
limit 1000
