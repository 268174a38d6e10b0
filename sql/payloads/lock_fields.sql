-- One writer at a time of what is known of payloads, to the end of the transaction. Rows: 1.
select pg_advisory_xact_lock(hashtext('ticket_pipeline.payload_fields'))
