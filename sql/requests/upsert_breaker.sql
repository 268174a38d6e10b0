-- Make sure a marketplace has its state row, and lock it: nobody gets a permit while the limits change.
-- Parameters: marketplace. Idempotent. Rows: none.
insert into breaker_state (marketplace) values (%(marketplace)s)
on conflict (marketplace) do update
  set updated_at = breaker_state.updated_at
