-- The last time the watchlist was applied, and what was read. Parameters: none. Rows: 1, or none before the first sync.
select source, synced_at, rows_read, added, changed, untracked, rejected
from watchlist_syncs
order by sync_id desc
limit 1
