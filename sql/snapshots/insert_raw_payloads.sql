-- Store bodies as they arrived, compressed, to be read again after a parser is fixed. Parameters, arrays with one element per
-- capture: event_ids, marketplaces, captured (timestamptz[]), bodies (bytea[]), sizes (integer[]: uncompressed). Rows: none.
insert into raw_payloads (event_id, marketplace, captured_at, body, encoding, original_bytes)
select u.event_id, u.marketplace, u.captured_at, u.body, 'zstd', u.original_bytes
from
  unnest(
    %(event_ids)s::bigint[], %(marketplaces)s::text[], %(captured)s::timestamptz[], %(bodies)s::bytea[], %(sizes)s::integer[]
  ) as u (event_id, marketplace, captured_at, body, original_bytes)
