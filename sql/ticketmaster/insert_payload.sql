-- Keep the raw body of a new capture. Parameters: event_id, captured_at, body, encoding, original_bytes. Rows: none.
insert into ticketmaster_payloads (event_id, captured_at, body, encoding, original_bytes)
values (%(event_id)s, %(captured_at)s, %(body)s, %(encoding)s, %(original_bytes)s)
