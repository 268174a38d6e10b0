-- Let one sync at a time change the watchlist; held to the end of the transaction.
-- Rows: 1.
select pg_advisory_xact_lock(hashtext('ticket_pipeline.watchlist'))
