-- Bring a marketplace's budgets to the settings. Parameters: marketplace, budgets (jsonb array of window_seconds,
-- max_requests, applies_to). Idempotent. Rows: none.
with wanted as (
  select make_interval(secs => r.window_seconds) as budget_window, r.max_requests, r.applies_to
  from jsonb_to_recordset(%(budgets)s) as r (window_seconds double precision, max_requests integer, applies_to text)
),

removed as (
  delete from request_budget as b
  where
    b.marketplace = %(marketplace)s
    and not exists (
      select 1 from wanted as w
      where w.budget_window = b.budget_window and w.applies_to = b.applies_to
    )
)

insert into request_budget (marketplace, budget_window, max_requests, applies_to)
select %(marketplace)s, budget_window, max_requests, applies_to
from wanted
on conflict (marketplace, budget_window, applies_to) do update
  set max_requests = excluded.max_requests
  where request_budget.max_requests <> excluded.max_requests
