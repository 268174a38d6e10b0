-- End a claim of one's own without an answer. Parameters: marketplace, cache_key, owner (uuid). Idempotent. Rows: none.
update kept_answers
set claimed_by = null, claimed_until = 'epoch'
where marketplace = %(marketplace)s and cache_key = %(cache_key)s and claimed_by = %(owner)s
