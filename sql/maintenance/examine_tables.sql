-- Tables with many dead rows, and indexes that are not in use because their build failed. Parameters: none.
-- Rows: one per finding, largest first.
select
  'dead rows' as kind, s.relname as name, s.n_dead_tup as dead, s.n_live_tup as live,
  pg_total_relation_size(s.relid) as size_bytes, greatest(s.last_vacuum, s.last_autovacuum) as vacuumed_at
from pg_stat_user_tables as s
where
  s.schemaname in (current_schema(), '_timescaledb_internal')
  and s.n_dead_tup > 10000 and s.n_dead_tup > 0.25 * s.n_live_tup
union all
select 'invalid index', c.relname, null, null, pg_relation_size(c.oid), null
from pg_index as i
inner join pg_class as c on i.indexrelid = c.oid
where not i.indisvalid and c.relnamespace = current_schema()::regnamespace
order by size_bytes desc
