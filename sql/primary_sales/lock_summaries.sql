-- Let one run at a time reckon summaries; the lock ends with the transaction. Parameters: none. Rows: 1.
select pg_advisory_xact_lock(hashtext('vivenu summaries'))
