-- Drop raw bodies captured before a moment: of snapshots, of Ticketmaster's events, and answers that are kept to be used
-- again. Parameters: cut. Idempotent. Rows: none; those of snapshots are counted.
with of_ticketmaster as (
  delete from ticketmaster_payloads
  where captured_at < %(cut)s
),

kept as (
  delete from kept_answers
  where coalesce(stored_at, claimed_until) < %(cut)s and claimed_until < clock_timestamp()
)

delete from raw_payloads
where captured_at < %(cut)s
