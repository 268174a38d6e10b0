-- Let one run at a time rebuild summaries; the lock ends with the transaction. Parameters: none. Rows: 1.
select pg_advisory_xact_lock(hashtext('vivenu summaries'))
