-- One archiver at a time, until the session ends. Parameters: none. Rows: 1 (is_free: false where another one is at work).
select pg_try_advisory_lock(hashtext('ticket_pipeline.archiver')) as is_free
