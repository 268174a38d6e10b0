-- One evaluation at a time, to the end of the transaction: two would fire the same. Its sorts fit in memory. Rows: 1.
select pg_advisory_xact_lock(hashtext('ticket_pipeline.alerts')), set_config('work_mem', '64MB', true)
