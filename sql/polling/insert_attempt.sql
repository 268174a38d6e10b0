-- Record how one attempt ended. Rows: none.
insert into fetch_attempts (
  event_id, marketplace, external_id, started_at, finished_at, outcome, status, tries, latency_seconds, bytes, listings,
  rejected, error, run_id
)
values (
  %(event_id)s, %(marketplace)s, %(external_id)s, %(started_at)s, %(finished_at)s, %(outcome)s, %(status)s, %(tries)s,
  %(latency_seconds)s, %(bytes)s, %(listings)s, %(rejected)s, %(error)s, %(run_id)s
)
