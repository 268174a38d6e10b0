-- How the stored listings of captures compare with those read again, as multisets of rows. Parameters: event_id, marketplace,
-- captured (timestamptz[]), seen_from, seen_until (timestamptz: the first and the last of them). Rows: one per capture, in order.
with stored as materialized (
  select
    captured_at, listing_id, section, "row", zone, quantity, splits, ask_price, all_in_price, net_proceeds, price, fee_basis,
    currency, is_general_admission, is_speculative, admission, notes
  from listings
  where
    event_id = %(event_id)s and marketplace = %(marketplace)s and captured_at >= %(seen_from)s and captured_at <= %(seen_until)s
    and captured_at = any(%(captured)s::timestamptz[])
),

replayed as materialized (
  select
    captured_at, listing_id, section, "row", zone, quantity, splits, ask_price, all_in_price, net_proceeds, price, fee_basis,
    currency, is_general_admission, is_speculative, admission, notes
  from replayed_listings
),

differing as (
  (
    select * from stored
    except all
    select * from replayed
  )
  union all
  (
    select * from replayed
    except all
    select * from stored
  )
),

counted as (
  select captured_at, 1 as stored, 0 as replayed, 0 as differing
  from stored
  union all
  select captured_at, 0 as stored, 1 as replayed, 0 as differing
  from replayed
  union all
  select captured_at, 0 as stored, 0 as replayed, 1 as differing
  from differing
)

select
  u.captured_at, coalesce(sum(c.stored), 0)::integer as stored, coalesce(sum(c.replayed), 0)::integer as replayed,
  coalesce(sum(c.differing), 0)::integer as differing, is_archived(u.captured_at) as is_archived
from unnest(%(captured)s::timestamptz[]) as u (captured_at)
left join counted as c on c.captured_at = u.captured_at
group by u.captured_at
order by u.captured_at
