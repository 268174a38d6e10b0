-- Write what a run did; a run that is written again is replaced. Parameters: the columns. Idempotent by run.
-- Rows touched: 1.
insert into run_summaries (
  run_id, job_name, started_at, finished_at, events, failed_events, requests, listings, stage_seconds, cpu_seconds,
  peak_memory_bytes
)
values (
  %(run_id)s, %(job_name)s, %(started_at)s, %(finished_at)s, %(events)s, %(failed_events)s, %(requests)s,
  %(listings)s, %(stage_seconds)s, %(cpu_seconds)s, %(peak_memory_bytes)s
)
on conflict (run_id) do update
  set
    job_name = excluded.job_name, started_at = excluded.started_at, finished_at = excluded.finished_at,
    events = excluded.events, failed_events = excluded.failed_events, requests = excluded.requests,
    listings = excluded.listings, stage_seconds = excluded.stage_seconds, cpu_seconds = excluded.cpu_seconds,
    peak_memory_bytes = excluded.peak_memory_bytes
