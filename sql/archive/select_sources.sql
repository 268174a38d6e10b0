-- The marketplaces with captures in a span, and their UTC days. Parameters: starts_from, starts_until. Rows: one each.
select d.marketplace, array_agg(d.day order by d.day) as days
from (
  select distinct s.marketplace, (s.captured_at at time zone 'UTC')::date as day
  from snapshots as s
  where s.captured_at >= %(starts_from)s and s.captured_at < %(starts_until)s
) as d
group by d.marketplace
order by d.marketplace
