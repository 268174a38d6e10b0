-- Make sure a marketplace has its state row. Parameters: marketplace. Idempotent. Rows: none.
insert into breaker_state (marketplace) values (%(marketplace)s)
on conflict (marketplace) do nothing
