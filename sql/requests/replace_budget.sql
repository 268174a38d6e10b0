-- Bring a marketplace's budgets to the settings. Parameters: marketplace, budgets (jsonb array of window_seconds,
-- max_requests). Idempotent. Rows: none.
with wanted as (
  select make_interval(secs => r.window_seconds) as budget_window, r.max_requests
  from jsonb_to_recordset(%(budgets)s) as r (window_seconds double precision, max_requests integer)
),

removed as (
  delete from request_budget as b
  where
    b.marketplace = %(marketplace)s
    and not exists (
      select 1 from wanted as w
      where w.budget_window = b.budget_window
    )
)

insert into request_budget (marketplace, budget_window, max_requests)
select %(marketplace)s, budget_window, max_requests
from wanted
on conflict (marketplace, budget_window) do update
  set max_requests = excluded.max_requests
  where request_budget.max_requests <> excluded.max_requests
