-- The archiver is done. Parameters: none. Rows: 1.
select pg_advisory_unlock(hashtext('ticket_pipeline.archiver'))
