-- Compared captures of a span, drawn by chance, each with the trusted ones around it; none of them archived.
-- Parameters: starts_from, starts_until (timestamptz), salt (text: another one draws others), sample_size (integer).
-- Rows: up to sample_size: event_id, marketplace, captured_at, before (timestamptz[]: the two trusted ones before it, in
-- order), after_at (the next one, null: none). They are read by index, one by one, whatever the planner thinks of joins (offset 0).
select
  s.event_id, s.marketplace, s.captured_at,
  array_remove(array[b.previous_captured_at, s.previous_captured_at], null) as before, a.captured_at as after_at
from (
  select x.event_id, x.marketplace, x.captured_at, x.previous_captured_at
  from snapshots as x
  where
    x.captured_at >= %(starts_from)s and x.captured_at < %(starts_until)s and x.previous_captured_at is not null
  order by md5(concat(%(salt)s::text, x.event_id, x.marketplace, x.captured_at))
  limit %(sample_size)s
) as s
left join lateral ( -- noqa: ST05
  select x.previous_captured_at
  from snapshots as x
  where x.event_id = s.event_id and x.marketplace = s.marketplace and x.captured_at = s.previous_captured_at
  offset 0 -- noqa: AM09
) as b on true
left join lateral (
  select x.captured_at
  from snapshots as x
  where
    x.event_id = s.event_id and x.marketplace = s.marketplace and x.captured_at > s.captured_at
    and x.previous_captured_at = s.captured_at
  order by x.captured_at
  limit 1
) as a on true
where not (is_archived(b.previous_captured_at) or is_archived(s.previous_captured_at) or is_archived(a.captured_at))
