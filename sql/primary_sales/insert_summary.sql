-- Compute one row per event from tickets, coupons and the age and gender tables, which are built before. Pace compares
-- the sold share of capacity with the mean share that earlier, finished events had as long before their start, where
-- these had sold enough by then. Money is never added up across currencies; free tickets have none.
-- Parameters: this_moment, least_pace_base (tickets). The table is empty before, in the same transaction. Rows: one per
-- event.
with tickets as (
  select
    t.external_id, t.status in ('VALID', 'DETAILSREQUIRED') as is_sold, t.status, t.created_at,
    case when t.real_price <> 0 then coalesce(t.currency, 'XXX') end as currency, t.real_price, exists(
      select 1 from vivenu_coupon_uses as u
      where u.transaction_id = t.transaction_id
    ) as has_coupon
  from vivenu_tickets as t
),

sums as (
  select
    external_id, count(*) filter (where is_sold) as sold, count(*) filter (where status = 'INVALID') as invalidated,
    count(*) filter (where is_sold and has_coupon) as coupon_tickets,
    min(currency) filter (where is_sold) as currency, count(distinct currency) filter (where is_sold) as currencies,
    coalesce(sum(real_price) filter (where is_sold and has_coupon), 0) as revenue_with,
    coalesce(sum(real_price) filter (where is_sold and not has_coupon), 0) as revenue_without
  from tickets
  group by external_id
),

revenues as (
  select external_id, jsonb_object_agg(currency, revenue) as revenues
  from (
    select external_id, currency, sum(real_price)::text as revenue from tickets
    where is_sold and currency is not null
    group by external_id, currency
  ) as r
  group by external_id
),

ages as (
  select external_id, jsonb_object_agg(age_group, tickets) as mix
  from (
    select external_id, age_group, sum(tickets) as tickets from vivenu_age_groups
    group by external_id, age_group
  ) as a
  group by external_id
),

genders as (
  select external_id, jsonb_object_agg(gender, tickets) as mix
  from (
    select external_id, gender, sum(tickets) as tickets from vivenu_gender
    group by external_id, gender
  ) as g
  group by external_id
),

paces as (
  select
    e.external_id, count(o.external_id) as earlier_events, coalesce(sum(share.sold), 0) as earlier_sold,
    avg(share.sold::numeric / o.capacity) as earlier_share,
    (
      select count(*) from tickets as t
      where t.external_id = e.external_id and t.is_sold and t.created_at <= least(%(this_moment)s, e.starts_at)
    )::numeric / e.capacity as own_share
  from vivenu_events as e
  left join vivenu_events as o
    on
      o.starts_at < e.starts_at and o.starts_at <= %(this_moment)s and o.capacity > 0
      -- The root of a series sells nothing of its own, and what vivenu lists no more may have been withdrawn.
      and o.is_listed and o.event_type is distinct from 'ROOT'
  left join lateral (
    select count(*) as sold
    from vivenu_tickets as t
    where
      t.external_id = o.external_id
      and t.status in ('VALID', 'DETAILSREQUIRED')
      and t.created_at <= o.starts_at - greatest(e.starts_at - %(this_moment)s, interval '0')
  ) as share on true
  where e.capacity > 0
  group by e.external_id
)

insert into vivenu_summary (
  external_id, name, event_on, sold, capacity, sold_share, currency, revenue, invalidated, coupon_tickets,
  coupon_share, revenue_with_coupon, revenue_without_coupon, age_mix, gender_mix, earlier_events, earlier_sold_share,
  pace, reckoned_at, revenues, earlier_sold
)
select
  e.external_id, e.name, e.event_on, coalesce(s.sold, 0), e.capacity, s.sold::numeric / nullif(e.capacity, 0),
  case when s.currencies = 1 then s.currency end,
  case when coalesce(s.currencies, 0) <= 1 then coalesce(s.revenue_with + s.revenue_without, 0) end,
  coalesce(s.invalidated, 0), coalesce(s.coupon_tickets, 0), s.coupon_tickets::numeric / nullif(s.sold, 0),
  case when coalesce(s.currencies, 0) <= 1 then coalesce(s.revenue_with, 0) end,
  case when coalesce(s.currencies, 0) <= 1 then coalesce(s.revenue_without, 0) end,
  coalesce(a.mix, '{}'), coalesce(g.mix, '{}'), coalesce(p.earlier_events, 0), p.earlier_share,
  case when p.earlier_sold >= %(least_pace_base)s then p.own_share / nullif(p.earlier_share, 0) end, %(this_moment)s,
  coalesce(r.revenues, '{}'), coalesce(p.earlier_sold, 0)
from vivenu_events as e
left join sums as s on e.external_id = s.external_id
left join revenues as r on e.external_id = r.external_id
left join ages as a on e.external_id = a.external_id
left join genders as g on e.external_id = g.external_id
left join paces as p on e.external_id = p.external_id
