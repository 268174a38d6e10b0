-- A file was written and read back. Parameters: month_on, marketplace, table_name, file, rows, checksum, bytes, written_at.
-- Idempotent. Rows: none.
insert into archive_files (month_on, marketplace, table_name, file, rows, checksum, bytes, state, written_at)
values (
  %(month_on)s, %(marketplace)s, %(table_name)s, %(file)s, %(rows)s, %(checksum)s, %(bytes)s, 'written', %(written_at)s
)
on conflict (month_on, marketplace, table_name) do update
  set
    file = excluded.file, rows = excluded.rows, checksum = excluded.checksum, bytes = excluded.bytes, state = 'written',
    written_at = excluded.written_at, dropped_at = null, restored_at = null
