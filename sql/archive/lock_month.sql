-- Wait for those who rebuild from a month, and let no other begin, to the end of the transaction. Parameters: month_on (date).
-- Rows: 1.
select pg_advisory_xact_lock(hashtext('ticket_pipeline.archive'), to_char(%(month_on)s::date, 'YYYYMM')::integer)
