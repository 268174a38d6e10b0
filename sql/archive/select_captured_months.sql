-- The months with captures, each found from the one before it. Parameters: captured_until. Rows: one per month, in order.
with recursive months as (
  select min(s.captured_at) as captured_at
  from snapshots as s
  union all
  select (
    select min(s.captured_at)
    from snapshots as s
    where s.captured_at >= date_trunc('month', m.captured_at at time zone 'UTC') at time zone 'UTC' + interval '1 month'
  )
  from months as m
  where m.captured_at is not null
)

select date_trunc('month', captured_at at time zone 'UTC')::date as month_on
from months
where captured_at < %(captured_until)s
order by captured_at
