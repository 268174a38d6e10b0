-- Keep months from being archived or restored, to the end of the transaction: those of a span, and of the 90 days before it,
-- in which the captures are that it is compared with. Parameters: starts_from, starts_until. Rows: one per month.
select
  pg_advisory_xact_lock_shared(hashtext('ticket_pipeline.archive'), to_char(m, 'YYYYMM')::integer)
from generate_series(
  date_trunc('month', (%(starts_from)s::timestamptz - interval '90 days') at time zone 'UTC'),
  %(starts_until)s::timestamptz at time zone 'UTC', interval '1 month'
) as m
