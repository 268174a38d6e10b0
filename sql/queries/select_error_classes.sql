-- How failed attempts ended. Parameters: since (timestamptz). Rows: one per marketplace, outcome and HTTP status, the most
-- frequent first; `error` is that of the newest.
select
  marketplace, outcome, status, count(*)::integer as attempts, max(finished_at) as last_at,
  (array_agg(error order by finished_at desc))[1] as error
from fetch_attempts
where finished_at >= %(since)s and outcome not in ('ok', 'empty')
group by marketplace, outcome, status
order by marketplace asc, attempts desc, outcome asc
