-- Record one sync of the watchlist. Rows: none.
insert into watchlist_syncs (source, rows_read, added, changed, untracked, rejected)
values (%(source)s, %(rows_read)s, %(added)s, %(changed)s, %(untracked)s, %(rejected)s)
