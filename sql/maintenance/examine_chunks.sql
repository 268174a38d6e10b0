-- The chunks of listings on TimescaleDB. Parameters: none. Rows: 1; largest_index_bytes is null without a chunk.
select
  (
    select count(*)
    from timescaledb_information.chunks as c
    where c.hypertable_schema = current_schema() and c.hypertable_name = 'listings'
  ) as chunks,
  (
    select count(*)
    from timescaledb_information.chunks as c
    where c.hypertable_schema = current_schema() and c.hypertable_name = 'listings' and c.is_compressed
  ) as compressed_chunks,
  (
    select max(s.index_bytes)
    from public.chunks_detailed_size(format('%%I.listings', current_schema())::regclass) as s
  ) as largest_index_bytes,
  exists(
    select 1
    from timescaledb_information.jobs as j
    where
      j.hypertable_schema = current_schema() and j.hypertable_name = 'listings'
      and j.proc_name in ('policy_compression', 'policy_columnstore')
  ) as has_compression_policy,
  (
    select count(*)
    from timescaledb_information.job_stats as s
    where s.last_run_status = 'Failed' and s.hypertable_schema = current_schema()
  ) as failed_jobs
