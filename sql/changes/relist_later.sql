-- Find the seats that are gone in one capture and back in the next, for every trusted capture of a span with those around
-- it; what was found before is found again. An id that is back is relisted at any price; else section, row, quantity,
-- currency and fee basis must be the same, and the price within 10 %% (2 %% where there is no row). Steps of which either
-- side is archived stay as they are. Run after insert_changes.
-- Parameters: event_ids (bigint[]), marketplaces (text[]: one each), seen_from, seen_until (timestamptz: as in
-- insert_changes), relist_window (interval). Idempotent. Rows: none.
with steps as materialized (
  select
    row_number() over () as step_id, s.event_id, s.marketplace, s.captured_at as gone_at, n.captured_at as back_at
  from unnest(%(event_ids)s::bigint[], %(marketplaces)s::text[]) as u (event_id, marketplace)
  inner join snapshots as s on s.event_id = u.event_id and s.marketplace = u.marketplace and not s.is_suspect
  left join snapshots as n
    on
      n.event_id = s.event_id and n.marketplace = s.marketplace and n.previous_captured_at = s.captured_at
      and n.captured_at > s.captured_at and n.captured_at <= s.captured_at + %(relist_window)s::interval
  where
    s.captured_at >= %(seen_from)s and s.captured_at <= %(seen_until)s
    and not (is_archived(s.captured_at) or is_archived(n.captured_at))
),

seen as materialized (
  select t.step_id, false as is_later, c.*
  from steps as t
  inner join listing_changes as c
    on c.event_id = t.event_id and c.marketplace = t.marketplace and c.captured_at = t.gone_at
  where
    c.event_id = any(%(event_ids)s::bigint[]) and c.captured_at >= %(seen_from)s and c.captured_at <= %(seen_until)s
    and c.change in ('removed', 'relisted')
  union all
  select t.step_id, true, c.*
  from steps as t
  inner join listing_changes as c
    on c.event_id = t.event_id and c.marketplace = t.marketplace and c.captured_at = t.back_at
  where
    c.event_id = any(%(event_ids)s::bigint[]) and c.captured_at > %(seen_from)s
    and c.captured_at <= %(seen_until)s + %(relist_window)s::interval and c.change in ('removed', 'listed', 'relisted')
),

-- Gone, and not back in the same capture.
gone as materialized (
  select s.*
  from seen as s
  where
    s.change = 'removed' and not s.is_later
    and not exists (
      select 1
      from seen as x
      where x.step_id = s.step_id and not x.is_later and x.change = 'relisted' and x.previous_listing_id = s.listing_id
    )
),

-- New, and not gone in the same capture.
back as materialized (
  select s.*
  from seen as s
  where
    s.change in ('listed', 'relisted') and s.is_later
    and not exists (
      select 1
      from seen as x
      where x.step_id = s.step_id and x.is_later and x.change = 'removed' and x.listing_id = s.previous_listing_id
    )
),

same_ids as materialized (
  select g.step_id, g.listing_id
  from gone as g
  inner join back as b on b.step_id = g.step_id and b.listing_id = g.listing_id
),

loose as (
  select g.*
  from gone as g
  union all
  select b.*
  from back as b
),

same_seats as (
  select
    s.step_id, case when s."row" is null then 0.02 else 0.10 end as reach,
    array_agg(s.listing_id order by s.old_price, s.listing_id) filter (where not s.is_later) as gone_ids,
    array_agg(s.old_price order by s.old_price, s.listing_id) filter (where not s.is_later) as gone_prices,
    array_agg(s.listing_id order by s.new_price, s.listing_id) filter (where s.is_later) as new_ids,
    array_agg(s.new_price order by s.new_price, s.listing_id) filter (where s.is_later) as new_prices
  from loose as s
  where
    not exists (
      select 1
      from same_ids as i
      where i.step_id = s.step_id and i.listing_id = s.listing_id
    )
  group by
    s.step_id, s.section, s."row", s.currency, s.fee_basis,
    case when s.is_later then s.new_quantity else s.old_quantity end
  having bool_or(s.is_later) and bool_or(not s.is_later)
),

relists as materialized (
  select i.step_id, i.listing_id as gone_id, i.listing_id as new_id
  from same_ids as i
  union all
  select s.step_id, s.gone_ids[m.gone], s.new_ids[m.back]
  from same_seats as s
  cross join lateral match_prices(s.gone_prices, s.new_prices, s.reach) as m
),

updated as (
  update listing_changes as c
  set relisted_as = r.new_id
  from gone as g
  left join relists as r on r.step_id = g.step_id and r.gone_id = g.listing_id
  where
    c.event_id = g.event_id and c.marketplace = g.marketplace and c.captured_at = g.captured_at
    and c.event_id = any(%(event_ids)s::bigint[]) and c.captured_at >= %(seen_from)s and c.captured_at <= %(seen_until)s
    and c.listing_id = g.listing_id and c.change = 'removed' and g.relisted_as is distinct from r.new_id
  returning c.event_id, c.marketplace, c.captured_at
),

turned as (
  update listing_changes as c
  set
    change = case when r.new_id is null then 'listed' else 'relisted' end, previous_listing_id = r.gone_id,
    old_price = case when g.currency = c.currency and g.fee_basis = c.fee_basis then g.old_price end,
    old_quantity = g.old_quantity
  from back as b
  left join relists as r on r.step_id = b.step_id and r.new_id = b.listing_id
  left join gone as g on g.step_id = r.step_id and g.listing_id = r.gone_id
  where
    c.event_id = b.event_id and c.marketplace = b.marketplace and c.captured_at = b.captured_at
    and c.event_id = any(%(event_ids)s::bigint[]) and c.captured_at >= %(seen_from)s
    and c.captured_at <= %(seen_until)s + %(relist_window)s::interval and c.listing_id = b.listing_id and c.change = b.change
    and (r.new_id is not null or b.change = 'relisted')
  returning c.event_id, c.marketplace, c.captured_at
)

-- Sales are estimated from the changes at both ends of a pair.
update sale_departures as d
set is_stale = true, at_risk = null
from (
  select *
  from updated
  union
  select *
  from turned
) as c
where
  d.event_id = c.event_id and d.marketplace = c.marketplace and d.captured_at >= c.captured_at
  and d.captured_at <= c.captured_at + interval '90 days' and c.captured_at in (d.captured_at, d.previous_captured_at)
