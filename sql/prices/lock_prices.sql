-- One rebuild at a time, to the end of the transaction: two over the same window would insert its rows twice.
-- Rows: 1.
select pg_advisory_xact_lock(hashtext('ticket_pipeline.prices'))
