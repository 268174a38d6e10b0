-- The kept answer to a request, however old. Parameters: marketplace, cache_key. Rows: 1, or none.
select body, encoding, stored_at
from kept_answers
where marketplace = %(marketplace)s and cache_key = %(cache_key)s and body is not null
