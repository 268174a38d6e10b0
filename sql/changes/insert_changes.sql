-- Compare captures, each with the one before it, listing by listing; replace what is stored of them. Seats that are gone and
-- back in the same capture are relisted; those that are back in the next one are found by relist_later, which runs next.
-- Listings are read by index, capture by capture, whatever the planner thinks of joins (offset 0): those of a group of events may
-- be far apart.
-- Parameters, arrays with one element per capture: event_ids, marketplaces, captured, previous (timestamptz[]; null: it is
-- not compared), reasons (text[]: why no sales are estimated); seen_from, compared_from, seen_until (timestamptz: the first
-- capture that is read, the first and the last that are compared). A pair of which either side is archived stays as it is.
-- Idempotent. Rows: none.
with links as materialized (
  select row_number() over () as pair_id, u.*
  from
    unnest(
      %(event_ids)s::bigint[], %(marketplaces)s::text[], %(captured)s::timestamptz[], %(previous)s::timestamptz[],
      %(reasons)s::text[]
    ) as u (event_id, marketplace, captured_at, previous_captured_at, censored_because)
  where not (is_archived(u.captured_at) or is_archived(u.previous_captured_at))
),

linked as (
  update snapshots as s
  set previous_captured_at = k.previous_captured_at, censored_because = k.censored_because
  from links as k
  where
    s.event_id = k.event_id and s.marketplace = k.marketplace and s.captured_at = k.captured_at
    and s.event_id = any(%(event_ids)s::bigint[]) and s.marketplace = any(%(marketplaces)s::text[])
    and s.captured_at >= %(compared_from)s and s.captured_at <= %(seen_until)s
    and (s.previous_captured_at, s.censored_because) is distinct from (k.previous_captured_at, k.censored_because)
),

deleted as (
  delete from listing_changes as c
  using links as k
  where
    c.event_id = k.event_id and c.marketplace = k.marketplace and c.captured_at = k.captured_at
    and c.event_id = any(%(event_ids)s::bigint[]) and c.captured_at >= %(compared_from)s and c.captured_at <= %(seen_until)s
),

-- What sales are estimated from; the pair after a capture rests on its changes, too.
marked as (
  insert into sale_departures (event_id, marketplace, captured_at, previous_captured_at)
  select k.event_id, k.marketplace, k.captured_at, k.previous_captured_at
  from links as k
  where k.previous_captured_at is not null and k.censored_because is null
  on conflict (event_id, marketplace, captured_at) do update
    set is_stale = true, at_risk = null
),

others as materialized (
  select d.place
  from links as k
  cross join
    lateral (
      select x.ctid as place, x.captured_at
      from sale_departures as x
      where
        x.event_id = k.event_id and x.marketplace = k.marketplace and x.captured_at >= k.captured_at
        and x.captured_at <= k.captured_at + interval '90 days' and k.captured_at in (x.captured_at, x.previous_captured_at)
      offset 0 -- noqa: AM09
    ) as d
  where
    not exists (
      select 1
      from links as x
      where
        x.event_id = k.event_id and x.marketplace = k.marketplace and x.captured_at = d.captured_at
        and x.previous_captured_at is not null and x.censored_because is null
    )
),

marked_others as (
  update sale_departures as d
  set is_stale = true, at_risk = null
  where d.ctid = any(array(select o.place from others as o))
),

changed as materialized (
  select p.pair_id, m.*
  from links as p
  cross join
    lateral ( -- noqa: ST05
      with earlier as (
        select
          x.listing_id collate "C" as listing_id, x.section, x."row", x.zone, x.admission, x.quantity, x.price, x.currency,
          x.fee_basis
        from listings as x
        where
          x.event_id = p.event_id and x.marketplace = p.marketplace and x.captured_at = p.previous_captured_at
          and x.captured_at >= %(seen_from)s and x.captured_at <= %(seen_until)s
        offset 0 -- noqa: AM09
      ),

      later as (
        select
          x.listing_id collate "C" as listing_id, x.section, x."row", x.zone, x.admission, x.quantity, x.price, x.currency,
          x.fee_basis
        from listings as x
        where
          x.event_id = p.event_id and x.marketplace = p.marketplace and x.captured_at = p.captured_at
          and x.captured_at >= %(compared_from)s and x.captured_at <= %(seen_until)s
        offset 0 -- noqa: AM09
      )

      select
        listing_id, b.quantity is null as is_new, a.quantity is null as is_gone,
        case when a.quantity is null then b.section else a.section end as section,
        case when a.quantity is null then b."row" else a."row" end as "row",
        case
          when coalesce(a.admission, b.admission) <> 'seat' then 'Grounds'
          when a.quantity is null then coalesce(nullif(b.zone, '*'), nullif(b.section, '*'), 'unknown')
          else coalesce(nullif(a.zone, '*'), nullif(a.section, '*'), 'unknown')
        end as zone,
        coalesce(a.currency, b.currency) as currency, coalesce(a.fee_basis, b.fee_basis) as fee_basis,
        -- Prices of different units are not compared.
        case when a.quantity is null or (a.currency = b.currency and a.fee_basis = b.fee_basis) then b.price end as old_price,
        a.price as new_price, b.quantity as old_quantity, a.quantity as new_quantity
      from earlier as b
      full join later as a using (listing_id)
      where b.quantity is null or a.quantity is null or a.price <> b.price or a.quantity <> b.quantity
      offset 0 -- noqa: AM09
    ) as m
  where p.previous_captured_at is not null
),

-- Seats that are gone and seats that are new, of one section, row and quantity, where there are both.
moved as (
  select
    pair_id, listing_id, is_gone, coalesce(section, '') as section, coalesce("row", '') as "row",
    coalesce(old_quantity, new_quantity) as quantity, currency, fee_basis, coalesce(old_price, new_price) as price
  from changed
  where is_new or is_gone
),

both_ways as (
  select pair_id, section, "row", quantity, currency, fee_basis
  from moved
  group by pair_id, section, "row", quantity, currency, fee_basis
  having bool_or(is_gone) and not bool_and(is_gone)
),

same_seats as (
  select
    m.pair_id, case when m."row" = '' then 0.02 else 0.10 end as reach,
    array_agg(m.listing_id order by m.price, m.listing_id) filter (where m.is_gone) as gone_ids,
    array_agg(m.price order by m.price, m.listing_id) filter (where m.is_gone) as gone_prices,
    array_agg(m.listing_id order by m.price, m.listing_id) filter (where not m.is_gone) as new_ids,
    array_agg(m.price order by m.price, m.listing_id) filter (where not m.is_gone) as new_prices
  from moved as m
  inner join both_ways using (pair_id, section, "row", quantity, currency, fee_basis)
  group by m.pair_id, m.section, m."row", m.quantity, m.currency, m.fee_basis
),

relists as (
  select s.pair_id, s.gone_ids[m.gone] as gone_id, s.gone_prices[m.gone] as gone_price, s.new_ids[m.back] as new_id
  from same_seats as s
  cross join lateral match_prices(s.gone_prices, s.new_prices, s.reach) as m
),

found as (
  select c.*, 'repriced' as change, null as previous_listing_id, null as relisted_as
  from changed as c
  where c.old_price <> c.new_price
  union all
  select c.*, 'quantity', null, null
  from changed as c
  where c.old_quantity <> c.new_quantity
  union all
  select c.*, 'removed', null, r.new_id
  from changed as c
  left join relists as r on r.pair_id = c.pair_id and r.gone_id = c.listing_id
  where c.is_gone
  union all
  select
    c.pair_id, c.listing_id, c.is_new, c.is_gone, c.section, c."row", c.zone, c.currency, c.fee_basis, r.gone_price,
    c.new_price, case when r.new_id is not null then c.new_quantity end, c.new_quantity,
    case when r.new_id is null then 'listed' else 'relisted' end, r.gone_id, null
  from changed as c
  left join relists as r on r.pair_id = c.pair_id and r.new_id = c.listing_id
  where c.is_new
)

insert into listing_changes (
  event_id, marketplace, captured_at, previous_captured_at, change, listing_id, previous_listing_id, relisted_as, section,
  "row", zone, currency, fee_basis, old_price, new_price, old_quantity, new_quantity
)
select
  p.event_id, p.marketplace, p.captured_at, p.previous_captured_at, f.change, f.listing_id, f.previous_listing_id,
  f.relisted_as, f.section, f."row", f.zone, f.currency, f.fee_basis, f.old_price, f.new_price, f.old_quantity,
  f.new_quantity
from found as f
inner join links as p on p.pair_id = f.pair_id
