-- The months of a span whose listings are in Parquet files. Parameters: starts_from, starts_until. Rows: one per month, in order.
select distinct f.month_on
from archive_files as f
where
  f.state in ('dropping', 'dropped') and f.month_on < %(starts_until)s::timestamptz at time zone 'UTC'
  and f.month_on + interval '1 month' > %(starts_from)s::timestamptz at time zone 'UTC'
order by f.month_on
