-- How many hours are out of date and archived: they wait until they are restored. Parameters: none. Rows: 1.
select count(distinct starts_at)::integer as hours
from stale_prices
where grain = 'hour' and is_archived(starts_at)
