-- Drop the slots a smaller budget no longer has. A busy one is first traded for a free one that stays, where there is one,
-- so that lowering a limit never forgets requests that the server has already seen. Parameters: marketplace.
-- Idempotent. Rows: none.
delete from request_slots as s
using (
  select
    t.marketplace, t.budget_window, t.slot,
    row_number() over (partition by t.budget_window order by t.busy_until desc, t.slot) as rank, b.max_requests
  from request_slots as t
  inner join request_budget as b on b.marketplace = t.marketplace and b.budget_window = t.budget_window
  where t.marketplace = %(marketplace)s
) as ranked
where
  s.marketplace = ranked.marketplace and s.budget_window = ranked.budget_window and s.slot = ranked.slot
  and ranked.rank > ranked.max_requests
