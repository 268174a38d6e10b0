-- Keep a claim alive while its answer is on the way. Parameters: marketplace, cache_key, owner (uuid), claim (interval).
-- Idempotent. Rows: none.
update kept_answers
set claimed_until = clock_timestamp() + %(claim)s
where marketplace = %(marketplace)s and cache_key = %(cache_key)s and claimed_by = %(owner)s
