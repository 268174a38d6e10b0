-- Take up TimescaleDB in a database that was set up without it: what 0001 and 0004 do in a new one.
-- Parameters: none. Idempotent. Rows: none. Moves all listings: exclusive lock, as long as copying them takes.
do $$
begin
  if timescaledb_edition() = 'none' then
    create extension if not exists timescaledb schema public;
  end if;
  if to_regclass('listings_captured') is not null then
    perform public.create_hypertable(
      format('%%I.listings', current_schema())::regclass,
      public.by_range('captured_at', interval '7 days'),
      create_default_indexes => false,
      migrate_data => true
    );
    drop index listings_captured;
  end if;
  if timescaledb_edition() = 'timescale' then
    alter table listings set (
      timescaledb.compress,
      timescaledb.compress_segmentby = 'event_id',
      timescaledb.compress_orderby = 'listing_id, captured_at'
    );
    perform public.add_compression_policy(
      format('%%I.listings', current_schema())::regclass, interval '14 days', if_not_exists => true
    );
  end if;
end
$$
