-- In Dagster's schema: delete a batch of old events of runs, but of each asset's partition the newest materialization and
-- observation, which make its status. Parameters: cut (timestamp, UTC), after_id (bigint: the events before it are done),
-- most. Idempotent. Rows: 1 (last_id: null where nothing is left; deleted).
with batch as materialized (
  select e.id, e.asset_key, e.dagster_event_type, e.partition
  from event_logs as e
  where e.id > %(after_id)s and e.timestamp < %(cut)s
  order by e.id
  limit %(most)s
),

deleted as (
  delete from event_logs as e
  using batch as b
  where
    e.id = b.id
    and (
      b.asset_key is null or b.dagster_event_type not in ('ASSET_MATERIALIZATION', 'ASSET_OBSERVATION')
      or exists (
        select 1
        from event_logs as n
        where
          n.asset_key = b.asset_key and n.dagster_event_type = b.dagster_event_type and n.id > b.id
          and (n.partition = b.partition or (n.partition is null and b.partition is null))
      )
    )
  returning e.id
),

tags as (
  delete from asset_event_tags as t
  using deleted as d
  where t.event_id = d.id
)

select (select max(b.id) from batch as b) as last_id, (select count(*) from deleted) as deleted
