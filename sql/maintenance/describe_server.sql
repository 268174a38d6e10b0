-- What kind of server this is. Parameters: none. Rows: 1 (timescaledb is null where the extension is not there).
select
  current_setting('server_version') as version, timescaledb_edition() as edition,
  (
    select x.extversion
    from pg_extension as x
    where x.extname = 'timescaledb'
  ) as timescaledb
