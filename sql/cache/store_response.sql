-- Cache a response in place of an older one; a newer one stays. Parameters: marketplace, cache_key, external_id (text or
-- null), body, encoding, original_bytes, stored_at. Idempotent. Rows: none.
insert into cached_responses as c (marketplace, cache_key, external_id, body, encoding, original_bytes, stored_at)
values (
  %(marketplace)s, %(cache_key)s, %(external_id)s, %(body)s, %(encoding)s, %(original_bytes)s, %(stored_at)s
)
on conflict (marketplace, cache_key) do update
  set
    body = excluded.body, encoding = excluded.encoding, original_bytes = excluded.original_bytes,
    stored_at = excluded.stored_at
  where c.stored_at <= excluded.stored_at or c.stored_at > now() + interval '1 minute'
