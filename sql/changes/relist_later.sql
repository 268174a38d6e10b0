-- Find the seats that are gone in one capture and back in the next, for every trusted capture of a span with those around
-- it; what was found before is found again. An id that is back is relisted at any price; else section, row, quantity,
-- currency and fee basis must be the same, and the price within 10 %% (2 %% where there is no row). Steps of which either
-- side is archived stay as they are. Run after insert_changes.
-- Parameters, arrays with one element per event and marketplace: event_ids, marketplaces, seen_from, seen_until (timestamptz[]:
-- its first and last capture that is read); relist_window (interval). Idempotent. Rows: none.
-- Captures and changes are read by index, one by one, whatever the planner thinks of joins (offset 0), and written by ctid: those
-- of a group of events may be far apart.
with sources as (
  select u.*
  from
    unnest(%(event_ids)s::bigint[], %(marketplaces)s::text[], %(seen_from)s::timestamptz[], %(seen_until)s::timestamptz[])
      as u (event_id, marketplace, seen_from, seen_until)
),

steps as materialized (
  select
    row_number() over () as step_id, o.event_id, o.marketplace, s.captured_at as gone_at, n.captured_at as back_at
  from sources as o
  cross join
    lateral (
      select x.captured_at
      from snapshots as x
      where
        x.event_id = o.event_id and x.marketplace = o.marketplace and not x.is_suspect and x.captured_at >= o.seen_from
        and x.captured_at <= o.seen_until
      offset 0 -- noqa: AM09
    ) as s
  left join
    lateral (
      select x.captured_at
      from snapshots as x
      where
        x.event_id = o.event_id and x.marketplace = o.marketplace and x.previous_captured_at = s.captured_at
        and x.captured_at > s.captured_at and x.captured_at <= s.captured_at + %(relist_window)s::interval
      offset 0 -- noqa: AM09
    ) as n
    on true
  where not (is_archived(s.captured_at) or is_archived(n.captured_at))
),

seen as materialized (
  select t.step_id, c.*
  from steps as t
  cross join
    lateral (
      select x.captured_at > t.gone_at as is_later, x.ctid as place, x.*
      from listing_changes as x
      where
        x.event_id = t.event_id and x.marketplace = t.marketplace and x.captured_at in (t.gone_at, t.back_at)
        and (x.change in ('removed', 'relisted') or (x.change = 'listed' and x.captured_at > t.gone_at))
      offset 0 -- noqa: AM09
    ) as c
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

-- Where seats of one section, row and quantity are gone and others are new.
loose as (
  select
    s.step_id, s.listing_id, s.is_later, coalesce(s.section, '') as section, coalesce(s."row", '') as "row", s.currency,
    s.fee_basis, case when s.is_later then s.new_quantity else s.old_quantity end as quantity,
    case when s.is_later then s.new_price else s.old_price end as price
  from (
    select * from gone
    union all
    select * from back
  ) as s
  where
    not exists (
      select 1
      from same_ids as i
      where i.step_id = s.step_id and i.listing_id = s.listing_id
    )
),

both_ways as (
  select step_id, section, "row", currency, fee_basis, quantity
  from loose
  group by step_id, section, "row", currency, fee_basis, quantity
  having bool_or(is_later) and not bool_and(is_later)
),

same_seats as (
  select
    s.step_id, case when s."row" = '' then 0.02 else 0.10 end as reach,
    array_agg(s.listing_id order by s.price, s.listing_id) filter (where not s.is_later) as gone_ids,
    array_agg(s.price order by s.price, s.listing_id) filter (where not s.is_later) as gone_prices,
    array_agg(s.listing_id order by s.price, s.listing_id) filter (where s.is_later) as new_ids,
    array_agg(s.price order by s.price, s.listing_id) filter (where s.is_later) as new_prices
  from loose as s
  inner join both_ways using (step_id, section, "row", currency, fee_basis, quantity)
  group by s.step_id, s.section, s."row", s.currency, s.fee_basis, s.quantity
),

relists as materialized (
  select i.step_id, i.listing_id as gone_id, i.listing_id as new_id
  from same_ids as i
  union all
  select s.step_id, s.gone_ids[m.gone], s.new_ids[m.back]
  from same_seats as s
  cross join lateral match_prices(s.gone_prices, s.new_prices, s.reach) as m
),

gone_anew as materialized (
  select g.place, r.new_id
  from gone as g
  left join relists as r on r.step_id = g.step_id and r.gone_id = g.listing_id
  where g.relisted_as is distinct from r.new_id
),

back_anew as materialized (
  select b.place, r.gone_id, g.old_price, g.old_quantity, g.currency, g.fee_basis
  from back as b
  left join relists as r on r.step_id = b.step_id and r.new_id = b.listing_id
  left join gone as g on g.step_id = r.step_id and g.listing_id = r.gone_id
  where r.new_id is not null or b.change = 'relisted'
),

updated as (
  update listing_changes as c
  set relisted_as = g.new_id
  from gone_anew as g
  where c.ctid = g.place and c.ctid = any(array(select x.place from gone_anew as x))
  returning c.event_id, c.marketplace, c.captured_at
),

turned as (
  update listing_changes as c
  set
    change = case when b.gone_id is null then 'listed' else 'relisted' end, previous_listing_id = b.gone_id,
    old_price = case when b.currency = c.currency and b.fee_basis = c.fee_basis then b.old_price end,
    old_quantity = b.old_quantity
  from back_anew as b
  where c.ctid = b.place and c.ctid = any(array(select x.place from back_anew as x))
  returning c.event_id, c.marketplace, c.captured_at
),

anew as materialized (
  select *
  from updated
  union
  select *
  from turned
),

pairs as materialized (
  select d.place
  from anew as c
  cross join
    lateral (
      select x.ctid as place
      from sale_departures as x
      where
        x.event_id = c.event_id and x.marketplace = c.marketplace and x.captured_at >= c.captured_at
        and x.captured_at <= c.captured_at + interval '90 days' and c.captured_at in (x.captured_at, x.previous_captured_at)
      offset 0 -- noqa: AM09
    ) as d
)

-- Sales are estimated from the changes at both ends of a pair.
update sale_departures as d
set is_stale = true, at_risk = null
where d.ctid = any(array(select x.place from pairs as x))
