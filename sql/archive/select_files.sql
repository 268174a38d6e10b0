-- The files of the archive. Parameters: month_on (date or null: all). Rows: one per file, in order.
select month_on, marketplace, table_name, file, rows, checksum, bytes, state, written_at, dropped_at, restored_at
from archive_files
where %(month_on)s::date is null or month_on = %(month_on)s::date
order by month_on, marketplace, table_name
