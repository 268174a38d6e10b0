-- Breaker and budget of one marketplace or of all. Parameters: marketplace (text or null). Rows: one per budget window,
-- with how much longer the marketplace asked to wait (null where it did not).
select
  b.marketplace, b.state, b.reason, b.opened_at, b.open_until, b.consecutive_failures, r.budget_window, r.max_requests,
  r.applies_to, b.asked_until,
  case when b.asked_until > clock_timestamp() then b.asked_until - clock_timestamp() end as asked_wait,
  (
    select count(*)::integer
    from request_slots as s
    where
      s.marketplace = r.marketplace and s.budget_window = r.budget_window and s.applies_to = r.applies_to
      and s.busy_until > clock_timestamp()
  ) as used,
  (
    select s.busy_until
    from request_slots as s
    where s.marketplace = r.marketplace and s.budget_window = r.budget_window and s.applies_to = r.applies_to
    order by s.busy_until
    limit
      1
      offset (
        select count(*)
        from request_slots as u
        where
          u.marketplace = r.marketplace and u.budget_window = r.budget_window and u.applies_to = r.applies_to
          and u.slot > r.max_requests
      )
  ) as next_free_at
from breaker_state as b
left join request_budget as r on r.marketplace = b.marketplace
where %(marketplace)s::text is null or b.marketplace = %(marketplace)s
order by b.marketplace, r.budget_window, r.applies_to
