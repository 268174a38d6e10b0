-- What was moved to Parquet files: a month of a table at a marketplace is in exactly one place, which `state` says.
create table archive_files (
  month_on date not null check (extract(day from month_on) = 1),
  marketplace text not null,
  table_name text not null check (table_name in ('listings', 'rejected_listings', 'listing_changes')),
  file text not null,
  rows bigint not null,
  checksum numeric not null,
  bytes bigint not null,
  state text not null check (state in ('written', 'dropping', 'dropped', 'restored')),
  written_at timestamptz not null,
  dropped_at timestamptz,
  restored_at timestamptz,
  primary key (month_on, marketplace, table_name)
);
comment on table archive_files is 'Parquet files of the archive, one per month, marketplace and table';
comment on column archive_files.month_on is 'the first day of the month (UTC)';
comment on column archive_files.marketplace is 'stubhub, vivid_seats, ticketmaster or vivenu';
comment on column archive_files.table_name is 'of whose rows it is';
comment on column archive_files.rows is 'how many';
comment on column archive_files.bytes is 'size of the file';
comment on column archive_files.written_at is 'when it was written and read back';
comment on column archive_files.dropped_at is 'when the last of its rows was deleted from the table';
comment on column archive_files.restored_at is 'when its rows were brought back';
comment on column archive_files.file is 'path below ARCHIVE_URL';
comment on column archive_files.checksum is 'sum of a hash of each row, in any order; the same of the file and of the table';
comment on column archive_files.state is
'written: read back and right, the table counts; dropping, dropped: the file counts; restored: the table counts again';

create function is_archived(p_at timestamptz) returns boolean
language sql stable parallel safe
begin atomic
  select count(*) > 0
  from archive_files as f
  where f.month_on = date_trunc('month', p_at at time zone 'UTC')::date and f.state in ('dropping', 'dropped');
end;
comment on function is_archived is 'whether the listings, rejected listings and changes of this moment are in Parquet files';

create function drop_archived_chunks(p_from timestamptz, p_until timestamptz) returns setof text
language plpgsql
as $$
begin
  if timescaledb_edition() <> 'none' then
    return query select c from public.drop_chunks(
      format('%I.listings', current_schema())::regclass, older_than => p_until, newer_than => p_from
    ) as c;
  end if;
end
$$;
comment on function drop_archived_chunks is 'drops the chunks of listings that lie wholly from p_from until p_until; none on plain tables';
