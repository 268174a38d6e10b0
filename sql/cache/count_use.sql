-- Count a use of the cache, by UTC day. Parameters: marketplace, hits, misses, stale (what to add). Rows: none.
insert into cache_uses as u (marketplace, used_on, hits, misses, stale)
values (%(marketplace)s, (now() at time zone 'UTC')::date, %(hits)s, %(misses)s, %(stale)s)
on conflict (marketplace, used_on) do update
  set hits = u.hits + excluded.hits, misses = u.misses + excluded.misses, stale = u.stale + excluded.stale
