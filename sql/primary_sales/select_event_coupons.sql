-- What coupons did for one event, as its transactions state it; most used first. Money is of transactions that used one
-- coupon alone, and of one currency. Parameters: external_id. Rows: one per coupon that this event's transactions used.
with transactions as (
  select transaction_id, min(coupon_id) as coupon_id, count(*) as coupons
  from vivenu_coupon_uses
  where external_id = %(external_id)s
  group by transaction_id
),

sums as (
  select
    x.coupon_id, count(*)::integer as tickets, coalesce(sum(t.real_price), 0) as revenue,
    coalesce(sum(t.regular_price - t.real_price), 0) as discount,
    min(coalesce(t.currency, 'XXX')) filter (where t.regular_price <> 0 or t.real_price <> 0) as currency,
    count(distinct coalesce(t.currency, 'XXX')) filter (where t.regular_price <> 0 or t.real_price <> 0) as currencies
  from transactions as x
  inner join vivenu_tickets as t on x.transaction_id = t.transaction_id
  where x.coupons = 1 and t.external_id = %(external_id)s and t.status in ('VALID', 'DETAILSREQUIRED')
  group by x.coupon_id
),

uses as (
  select
    u.coupon_id, count(*)::integer as transactions, (count(*) filter (where x.coupons > 1))::integer as shared_transactions
  from vivenu_coupon_uses as u
  inner join transactions as x on u.transaction_id = x.transaction_id
  group by u.coupon_id
)

select
  u.coupon_id, c.code, c.name, u.transactions, u.shared_transactions, coalesce(s.tickets, 0) as tickets,
  case when coalesce(s.currencies, 0) <= 1 then coalesce(s.revenue, 0) end as revenue,
  case when coalesce(s.currencies, 0) <= 1 then coalesce(s.discount, 0) end as discount,
  case when s.currencies = 1 then s.currency end as currency, c.used as organiser_used
from uses as u
left join sums as s on u.coupon_id = s.coupon_id
left join vivenu_coupons as c on u.coupon_id = c.coupon_id
order by u.transactions desc, u.coupon_id asc
