-- One estimation at a time, to the end of the transaction: two would build the same hours from different pairs.
-- Rows: 1.
select pg_advisory_xact_lock(hashtext('ticket_pipeline.sales'))
