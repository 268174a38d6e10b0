-- Attempts at events that failed since an instant; those that a budget or a pause held back are no failures.
-- Parameters: since. Rows: one per marketplace and outcome, the most frequent first, with its newest error.
select
  marketplace, outcome, count(*)::integer as attempts,
  (array_agg(error order by finished_at desc) filter (where error is not null))[1] as last_error
from fetch_attempts
where finished_at >= %(since)s and outcome not in ('ok', 'empty', 'not_permitted')
group by marketplace, outcome
order by attempts desc, marketplace asc, outcome asc
