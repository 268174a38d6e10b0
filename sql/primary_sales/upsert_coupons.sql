-- Bring the coupons to what vivenu lists; those it no longer lists stay, marked, if the list is whole. Parameters:
-- coupons (jsonb array), is_whole. Idempotent by coupon_id; what is computed from tickets stays as it is. Rows touched:
-- the listed coupons.
with incoming as (
  select r.*
  from
    jsonb_to_recordset(%(coupons)s)
      as r (
        coupon_id text, code text, name text, series_id text, is_active boolean, discount_type text,
        discount_value numeric, valid_from timestamptz, valid_until timestamptz, max_usage integer, used integer
      )
),

unlisted as (
  update vivenu_coupons as c
  set is_listed = false
  where %(is_whole)s and not exists (
    select 1 from incoming as i
    where i.coupon_id = c.coupon_id
  )
)

insert into vivenu_coupons (
  coupon_id, code, name, series_id, is_active, discount_type, discount_value, valid_from, valid_until, max_usage, used
)
select
  coupon_id, code, name, series_id, is_active, discount_type, discount_value, valid_from, valid_until, max_usage, used
from incoming
on conflict (coupon_id) do update
  set
    code = excluded.code, name = excluded.name, series_id = excluded.series_id, is_active = excluded.is_active,
    discount_type = excluded.discount_type, discount_value = excluded.discount_value, valid_from = excluded.valid_from,
    valid_until = excluded.valid_until, max_usage = excluded.max_usage, used = excluded.used, is_listed = true
