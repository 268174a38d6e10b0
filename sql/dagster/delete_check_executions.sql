-- In Dagster's schema: delete old evaluations of checks, but the newest of each, and old plans to evaluate one.
-- Parameters: cut (timestamp, UTC). Idempotent. Rows: none.
delete from asset_check_executions as e
where
  e.create_timestamp < %(cut)s
  and exists (
    select 1
    from asset_check_executions as n
    where
      n.asset_key = e.asset_key and n.check_name = e.check_name and n.id > e.id
      and (n.partition = e.partition or (n.partition is null and e.partition is null) or e.execution_status = 'PLANNED')
  )
