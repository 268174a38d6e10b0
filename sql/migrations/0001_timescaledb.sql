-- Use TimescaleDB where the server has it loaded; the same tables work without it.
-- CREATE EXTENSION on a server that has the package but did not preload it is FATAL and closes the session, and an
-- exception block cannot catch that; the setting below exists only where it is preloaded, and needs no privilege to read.
do $$
begin
  if exists (select 1 from pg_available_extensions where name = 'timescaledb')
     and exists (select 1 from pg_settings where name = 'timescaledb.max_background_workers')
  then
    begin
      create extension if not exists timescaledb schema public;
    exception when insufficient_privilege or feature_not_supported then
      raise notice 'timescaledb is present but not usable (%): plain tables', sqlerrm;
    end;
  end if;
end
$$;

-- 'none' (plain PostgreSQL), 'apache' (hypertables only) or 'timescale' (compression and policies too).
create function timescaledb_edition() returns text
language sql stable
as $$
  select case
    when not exists (select 1 from pg_extension where extname = 'timescaledb') then 'none'
    else coalesce(nullif(current_setting('timescaledb.license', true), ''), 'none')
  end
$$;
