-- Add the slots a budget lacks. Parameters: marketplace. Idempotent. Rows: none.
insert into request_slots (marketplace, budget_window, slot)
select b.marketplace, b.budget_window, n
from request_budget as b
cross join generate_series(1, b.max_requests) as n
where b.marketplace = %(marketplace)s
on conflict (marketplace, budget_window, slot) do nothing
