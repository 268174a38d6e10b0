-- The windows that wait for a rebuild, oldest first; hours whose listings are archived wait until they are restored.
-- Parameters: grain ('hour' or 'day'), starts_from (timestamptz or null: all). Rows: one per window, at most 1,000 of those
-- asked for.
select starts_at, count(*)::integer as marks, min(marked_at) as marked_at
from stale_prices
where
  grain = %(grain)s and (grain <> 'hour' or not is_archived(starts_at))
  and (%(starts_from)s::timestamptz is null or starts_at >= %(starts_from)s)
group by starts_at
order by starts_at
limit 1000
