-- Let the probe of this transaction spill to the database's own disk, and wait for a lock no longer than `lock_timeout` (text).
-- Rows: 1.
select
  set_config('work_mem', '64kB', true) as work_mem, set_config('temp_tablespaces', '', true) as temp_tablespaces,
  set_config('lock_timeout', %(lock_timeout)s, true) as lock_timeout
