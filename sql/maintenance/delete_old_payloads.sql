-- Drop raw bodies captured before a moment: of snapshots, of Ticketmaster's events, and cached responses. Parameters: cut.
-- Idempotent. Rows: none; those of snapshots are counted.
with of_ticketmaster as (
  delete from ticketmaster_payloads
  where captured_at < %(cut)s
),

cached as (
  delete from cached_responses
  where stored_at < %(cut)s
)

delete from raw_payloads
where captured_at < %(cut)s
