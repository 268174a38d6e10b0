-- The marketplaces with captures in a span. Parameters: starts_from, starts_until. Rows: one each.
select distinct s.marketplace
from snapshots as s
where s.captured_at >= %(starts_from)s and s.captured_at < %(starts_until)s
order by s.marketplace
