-- Store bodies as they arrived, compressed, to be read again after a parser is fixed.
-- Parameters: bodies (bytea: one behind the other, since an array of them is slow to send), and arrays with one element per
-- capture: event_ids, marketplaces, captured (timestamptz[]), ends, lengths (integer[]: its bytes in bodies), sizes (integer[]:
-- uncompressed). Rows: none.
insert into raw_payloads (event_id, marketplace, captured_at, body, encoding, original_bytes)
select
  u.event_id, u.marketplace, u.captured_at, substring(%(bodies)s::bytea from u.until - u.length + 1 for u.length), 'zstd',
  u.original_bytes
from
  unnest(
    %(event_ids)s::bigint[], %(marketplaces)s::text[], %(captured)s::timestamptz[], %(ends)s::integer[], %(lengths)s::integer[],
    %(sizes)s::integer[]
  ) as u (event_id, marketplace, captured_at, until, length, original_bytes)
