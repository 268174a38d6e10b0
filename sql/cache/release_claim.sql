-- End a claim without an answer. Parameters: marketplace, cache_key. Idempotent. Rows: none.
update kept_answers
set claimed_until = 'epoch'
where marketplace = %(marketplace)s and cache_key = %(cache_key)s
