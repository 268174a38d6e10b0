-- The windows that wait for a rebuild, oldest first. Parameters: grain ('hour' or 'day'). Rows: one per window.
select starts_at, count(*)::integer as marks, min(marked_at) as marked_at
from stale_prices
where grain = %(grain)s
group by starts_at
order by starts_at
limit 1000
