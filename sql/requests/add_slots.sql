-- Add the slots a budget lacks. Parameters: marketplace. Idempotent. Rows: none.
insert into request_slots (marketplace, budget_window, applies_to, slot)
select b.marketplace, b.budget_window, b.applies_to, n
from request_budget as b
cross join generate_series(1, b.max_requests) as n
where
  b.marketplace = %(marketplace)s
  -- Every run comes by here: thousands of slots that are all there already are counted, not tried one by one.
  and b.max_requests > (
    select count(*)
    from request_slots as s
    where
      s.marketplace = b.marketplace and s.budget_window = b.budget_window and s.applies_to = b.applies_to
      and s.slot <= b.max_requests
  )
on conflict (marketplace, budget_window, applies_to, slot) do nothing
