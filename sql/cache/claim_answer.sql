-- Win the right to fetch an answer, unless another process holds it. Parameters: marketplace, cache_key, external_id (text
-- or null), owner (uuid), claim (interval: after it a process that died holds nothing). Rows: 1 if won, else none.
insert into kept_answers as k (marketplace, cache_key, external_id, claimed_by, claimed_until)
values (%(marketplace)s, %(cache_key)s, %(external_id)s, %(owner)s, clock_timestamp() + %(claim)s)
on conflict (marketplace, cache_key) do update
  set claimed_by = excluded.claimed_by, claimed_until = excluded.claimed_until
  where k.claimed_until <= clock_timestamp()
returning cache_key
