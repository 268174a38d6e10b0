-- Mark the hours of these instants for a rebuild. The upsert locks the mark, so that a rebuild that deletes it
-- waits for this transaction and then sees what it wrote. Marks are locked in the same order everywhere: no deadlocks.
-- A marketplace without listings has no prices to rebuild. Parameters: event_id, marketplace, instants (timestamptz[]).
-- Idempotent. Rows: none.
insert into stale_prices (grain, starts_at, event_id, marketplace)
select distinct 'hour', date_bin('1 hour', t, timestamptz '2000-01-01 00:00+00'), %(event_id)s::bigint, %(marketplace)s::text
from unnest(%(instants)s::timestamptz[]) as t
where has_listings(%(marketplace)s)
order by 2
on conflict (grain, starts_at, event_id, marketplace) do update
  set marked_at = now()
