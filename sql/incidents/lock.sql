-- One process at a time compares and stores, to the end of the transaction: two would tell the same twice. Rows: 1.
select pg_advisory_xact_lock(hashtext('ticket_pipeline.incidents'))
