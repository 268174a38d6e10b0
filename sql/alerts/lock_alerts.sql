-- One evaluation at a time, to the end of the transaction: two would fire the same. Rows: 1.
select pg_advisory_xact_lock(hashtext('ticket_pipeline.alerts'))
