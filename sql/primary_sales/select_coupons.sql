-- The coupons, most used first. Parameters: external_id (null: all; else those that transactions of this event used).
-- Rows: one per coupon.
select
  c.coupon_id, c.code, c.name, c.series_id, c.discount_type, c.discount_value, c.used, c.tickets, c.revenue,
  c.discount, c.currency, c.shared_transactions
from vivenu_coupons as c
where
  %(external_id)s::text is null
  or exists (
    select 1 from vivenu_coupon_uses as u
    where u.coupon_id = c.coupon_id and u.external_id = %(external_id)s
  )
order by c.used desc, c.coupon_id asc
