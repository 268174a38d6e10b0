-- Try to write, so that a full disk, a lock, a missing right or a read-only server shows. The sort writes 1 MB to a temporary
-- file (with the work_mem of `limit_probe`); inserting no row takes lock and rights of a table all the same.
-- Nothing changes. Rows: 1.
with captures as (
  insert into snapshots select * from snapshots
  where false
),

rows_of_captures as (
  insert into listings select * from listings
  where false
),

attempts as (
  insert into fetch_attempts (event_id) select event_id from fetch_attempts
  where false
),

hours as (
  insert into hourly_prices select * from hourly_prices
  where false
),

schedule as (
  update poll_schedule set lease_id = null
  where false
)

select count(*) as sorted
from (
  select repeat(md5(n::text), 32) as filler
  from generate_series(1, 1000) as n
  order by filler
) as s
