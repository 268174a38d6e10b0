-- Drop the slots a smaller budget no longer has. A busy one stays, and counts, until it is free: its request
-- was sent already. Parameters: marketplace. Idempotent. Rows: none.
delete from request_slots as s
using request_budget as b
where
  s.marketplace = %(marketplace)s and b.marketplace = s.marketplace and b.budget_window = s.budget_window
  and b.applies_to = s.applies_to
  and s.slot > b.max_requests and s.busy_until <= clock_timestamp()
