-- Keep an answer in place of an older one, and end the claim. Parameters: marketplace, cache_key, body, encoding,
-- original_bytes, stored_at. Idempotent. Rows: none.
insert into kept_answers as k (marketplace, cache_key, body, encoding, original_bytes, stored_at)
values (%(marketplace)s, %(cache_key)s, %(body)s, %(encoding)s, %(original_bytes)s, %(stored_at)s)
on conflict (marketplace, cache_key) do update
  set
    body = excluded.body, encoding = excluded.encoding, original_bytes = excluded.original_bytes,
    stored_at = excluded.stored_at, claimed_until = 'epoch'
