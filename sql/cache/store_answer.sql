-- Keep an answer in place of an older one, and end the claim. Only the owner of the claim may: where it ran out and another
-- took it, or where the answers were forgotten meanwhile (which takes the claim with them), nothing is kept.
-- Parameters: marketplace, cache_key, owner (uuid), body, encoding, original_bytes, stored_at. Idempotent. Rows: none.
update kept_answers
set
  body = %(body)s, encoding = %(encoding)s, original_bytes = %(original_bytes)s, stored_at = %(stored_at)s,
  claimed_by = null, claimed_until = 'epoch'
where marketplace = %(marketplace)s and cache_key = %(cache_key)s and claimed_by = %(owner)s
