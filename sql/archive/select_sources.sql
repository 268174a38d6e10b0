-- The marketplaces with captures in a span, and their UTC days. Parameters: starts_from, starts_until. Rows: one each.
select s.marketplace, array_agg(distinct (s.captured_at at time zone 'UTC')::date) as days
from snapshots as s
where s.captured_at >= %(starts_from)s and s.captured_at < %(starts_until)s
group by s.marketplace
order by s.marketplace
