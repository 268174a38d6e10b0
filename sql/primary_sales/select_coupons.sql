-- The coupons with the organiser's totals, all events together, most used first. Parameters: none. Rows: one per coupon.
select
  coupon_id, code, name, series_id, discount_type, discount_value, used, tickets, revenue, discount, currency,
  shared_transactions
from vivenu_coupons
order by used desc, coupon_id asc
