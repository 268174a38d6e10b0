-- The cached response to a request, however old. Parameters: marketplace, cache_key. Rows: 1, or none.
select body, encoding, stored_at
from cached_responses
where marketplace = %(marketplace)s and cache_key = %(cache_key)s
