-- Record how one attempt ended, unless it is recorded already: a writer that lost the connection during the
-- commit repeats it. Callers hold the event's row of poll_schedule, so that none reads while another writes.
-- Idempotent by event, marketplace, run, outcome, start and end. Rows touched: 1, or 0 where it was recorded.
insert into fetch_attempts (
  event_id, marketplace, external_id, started_at, finished_at, outcome, status, tries, latency_seconds, bytes, listings,
  rejected, error, run_id
)
select
  %(event_id)s, %(marketplace)s, %(external_id)s, %(started_at)s, %(finished_at)s, %(outcome)s, %(status)s, %(tries)s,
  %(latency_seconds)s, %(bytes)s, %(listings)s, %(rejected)s, %(error)s, %(run_id)s
where
  not exists (
    select 1
    from fetch_attempts as a
    where
      a.event_id = %(event_id)s
      and a.marketplace = %(marketplace)s
      and a.finished_at = %(finished_at)s
      and a.started_at = %(started_at)s
      and a.outcome = %(outcome)s
      and a.run_id is not distinct from %(run_id)s
  )
