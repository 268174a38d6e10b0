-- Which coupons transactions used. Parameters: transaction_ids (text array: all that were read), uses (jsonb array, one
-- per transaction and coupon), is_whole (what was not read is no longer there), reject_ids (text array: those that could
-- not be read). Idempotent: what was known of these transactions is replaced. Rows touched: the uses.
with incoming as (
  select r.* from jsonb_to_recordset(%(uses)s) as r (transaction_id text, coupon_id text, external_id text)
),

dropped as (
  delete from vivenu_coupon_uses as u
  where
    (u.transaction_id = any(%(transaction_ids)s) or %(is_whole)s)
    and u.transaction_id <> all(%(reject_ids)s)
    and not exists (
      select 1 from incoming as i
      where i.transaction_id = u.transaction_id and i.coupon_id = u.coupon_id
    )
)

insert into vivenu_coupon_uses (transaction_id, coupon_id, external_id)
select transaction_id, coupon_id, external_id from incoming
on conflict (transaction_id, coupon_id) do nothing
