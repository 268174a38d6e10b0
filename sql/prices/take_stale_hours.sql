-- Take the marks of a span: from here on, newer changes make new marks. Waits for writers that hold a mark, so that
-- the statements after this one see what they wrote. Parameters: starts_from, starts_until. Rows: none.
-- Marks are locked in the same order everywhere: no deadlocks.
with taken as materialized (
  select s.grain, s.starts_at, s.event_id, s.marketplace
  from stale_prices as s
  where s.grain = 'hour' and s.starts_at >= %(starts_from)s and s.starts_at < %(starts_until)s
  order by s.starts_at, s.event_id, s.marketplace
  for update
)

delete from stale_prices as s
using taken as t
where
  s.grain = t.grain and s.starts_at = t.starts_at and s.event_id = t.event_id and s.marketplace = t.marketplace
