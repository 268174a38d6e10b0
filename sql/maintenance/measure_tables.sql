-- How large the tables are, with indexes and what is stored aside; a hypertable with its chunks. Parameters: dagster_schema.
-- Rows: one per table, the largest first, with the number of rows that the server estimates; Dagster's are one row.
with ours as (
  select c.oid, c.relname as "table", greatest(c.reltuples, 0)::bigint as estimated
  from pg_class as c
  where c.relnamespace = current_schema()::regnamespace and c.relkind = 'r'
),

parts as (
  select i.inhparent, sum(pg_total_relation_size(i.inhrelid)) as bytes, sum(greatest(c.reltuples, 0))::bigint as estimated
  from pg_inherits as i
  inner join pg_class as c on c.oid = i.inhrelid
  group by i.inhparent
)

select
  o."table", o.estimated + coalesce(p.estimated, 0) as rows,
  (pg_total_relation_size(o.oid) + coalesce(p.bytes, 0))::bigint as bytes
from ours as o
left join parts as p on p.inhparent = o.oid
union all
select
  'dagster', max(c.reltuples) filter (where c.relname = 'runs')::bigint, sum(pg_total_relation_size(c.oid))::bigint
from pg_class as c
inner join pg_namespace as n on n.oid = c.relnamespace
where n.nspname = %(dagster_schema)s and c.relkind = 'r'
having count(*) > 0
order by bytes desc, "table" asc
