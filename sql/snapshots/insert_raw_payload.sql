-- Store the body as it arrived, compressed, to be read again after a parser is fixed. Rows: none.
insert into raw_payloads (event_id, marketplace, captured_at, body, encoding, original_bytes)
values (%(event_id)s, %(marketplace)s, %(captured_at)s, %(body)s, %(encoding)s, %(original_bytes)s)
