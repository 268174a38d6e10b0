-- What a server is and how it is set. Parameters: none. Rows: 1 (null where the server keeps a setting to itself).
select
  current_setting('server_version') as version, current_setting('server_version_num')::integer as version_number,
  timescaledb_edition() as edition, pg_is_in_recovery() as is_standby, clock_timestamp() as clock,
  (
    select x.extversion
    from pg_extension as x
    where x.extname = 'timescaledb'
  ) as timescaledb,
  (
    select x.default_version
    from pg_available_extensions as x
    where x.name = 'timescaledb'
  ) as timescaledb_available,
  exists(
    select 1
    from pg_settings as s
    where s.name = 'timescaledb.max_background_workers'
  ) as is_preloaded,
  exists(
    select 1
    from pg_indexes as i
    where i.schemaname = current_schema() and i.indexname = 'listings_captured'
  ) as has_plain_listings,
  current_setting('fsync') = 'on' as is_durable, current_setting('autovacuum') = 'on' as has_autovacuum,
  current_setting('data_checksums') = 'on' as has_checksums,
  pg_size_bytes(current_setting('shared_buffers')) as shared_buffers,
  current_setting('max_connections')::integer as max_connections,
  (
    select count(*)
    from pg_stat_activity as a
    where a.backend_type = 'client backend'
  ) as connections,
  (
    select max(clock_timestamp() - a.state_change)
    from pg_stat_activity as a
    where a.state like 'idle in transaction%%' and a.datname = current_database()
  ) as longest_idle_transaction,
  (
    select max(age(d.datfrozenxid))
    from pg_database as d
  ) as oldest_transactions
