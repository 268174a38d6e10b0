-- Mark the hours of these instants for a rebuild. The upsert locks the mark, so that a rebuild that deletes it
-- waits for this transaction and then sees what it wrote. Marks are locked in the same order everywhere: no deadlocks.
-- A marketplace without listings has no prices to rebuild. Parameters, arrays with one element per instant: event_ids,
-- marketplaces, instants (timestamptz[]). Idempotent. Rows: none.
insert into stale_prices (grain, starts_at, event_id, marketplace)
select distinct 'hour', date_bin('1 hour', u.instant, timestamptz '2000-01-01 00:00+00'), u.event_id, u.marketplace
from
  unnest(%(event_ids)s::bigint[], %(marketplaces)s::text[], %(instants)s::timestamptz[]) as u (event_id, marketplace, instant)
where has_listings(u.marketplace)
order by 2, 3, 4
on conflict (grain, starts_at, event_id, marketplace) do update
  set marked_at = now()
