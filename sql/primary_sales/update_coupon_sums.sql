-- Compute tickets and money of every coupon. A transaction with several coupons does not show which gave what: it
-- is counted, and its money belongs to none of them. Parameters: none. Idempotent. Rows touched: every coupon.
with transactions as (
  select transaction_id, min(coupon_id) as coupon_id, count(*) as coupons
  from vivenu_coupon_uses
  group by transaction_id
),

sums as (
  select
    x.coupon_id, count(*)::integer as tickets, sum(t.real_price) as revenue,
    sum(t.regular_price - t.real_price) as discount,
    min(coalesce(t.currency, 'XXX')) filter (where t.regular_price <> 0 or t.real_price <> 0) as currency,
    count(distinct coalesce(t.currency, 'XXX')) filter (where t.regular_price <> 0 or t.real_price <> 0) as currencies
  from transactions as x
  inner join vivenu_tickets as t on x.transaction_id = t.transaction_id
  where x.coupons = 1 and t.status in ('VALID', 'DETAILSREQUIRED')
  group by x.coupon_id
),

shared as (
  select u.coupon_id, count(*)::integer as transactions
  from vivenu_coupon_uses as u
  inner join transactions as x on u.transaction_id = x.transaction_id
  where x.coupons > 1
  group by u.coupon_id
)

update vivenu_coupons as c
set
  tickets = coalesce(s.tickets, 0),
  revenue = case when coalesce(s.currencies, 0) <= 1 then coalesce(s.revenue, 0) end,
  discount = case when coalesce(s.currencies, 0) <= 1 then coalesce(s.discount, 0) end,
  currency = case when s.currencies = 1 then s.currency end,
  shared_transactions = coalesce(h.transactions, 0)
from vivenu_coupons as k
left join sums as s on k.coupon_id = s.coupon_id
left join shared as h on k.coupon_id = h.coupon_id
where c.coupon_id = k.coupon_id
