-- What a database is, before or after its schema exists. Parameters: none. Rows: 1.
select
  current_setting('server_version') as version, current_setting('server_encoding') as encoding,
  pg_database_size(current_database()) as size_bytes
