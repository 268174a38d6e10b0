-- Record how attempts ended, unless they are recorded already: a writer that lost the connection during the
-- commit repeats them. Callers hold the events' rows of poll_schedule, so that none reads while another writes.
-- Parameters: attempts (jsonb array of these columns). Idempotent by event, marketplace, run, outcome, start and end.
-- Rows touched: one per attempt that is new.
insert into fetch_attempts (
  event_id, marketplace, external_id, started_at, finished_at, outcome, status, tries, latency_seconds, bytes, listings,
  rejected, error, run_id
)
select
  r.event_id, r.marketplace, r.external_id, r.started_at, r.finished_at, r.outcome, r.status, r.tries, r.latency_seconds,
  r.bytes, r.listings, r.rejected, r.error, r.run_id
from jsonb_populate_recordset(null::fetch_attempts, %(attempts)s) as r
where
  not exists (
    select 1
    from fetch_attempts as a
    where
      a.event_id = r.event_id
      and a.marketplace = r.marketplace
      and a.finished_at = r.finished_at
      and a.started_at = r.started_at
      and a.outcome = r.outcome
      and a.run_id is not distinct from r.run_id
  )
