-- More questions about now: how deep the market is, what stands beside one's own seats, and what is wrong with the watchlist.

create function seats_now(p_event_id bigint, p_at timestamptz default now())
returns table (
  marketplace text, health text, captured_at timestamptz, currency text, fee_basis text, listing_id text, section text,
  "row" text, zone text, quantity integer, splits smallint[], price numeric
)
language sql stable
begin atomic
  -- Materialized: judged once per marketplace, not once per listing.
  with markets as materialized (
    select h.event_id, h.marketplace, h.health, h.captured_at
    from market_health(p_at) as h
    where h.event_id = p_event_id
  )

  select
    h.marketplace, h.health, h.captured_at, l.currency, l.fee_basis, l.listing_id, l.section, l."row",
    coalesce(nullif(l.zone, '*'), nullif(l.section, '*'), 'unknown'), l.quantity, l.splits, l.price
  from markets as h
  inner join listings as l
    on l.event_id = h.event_id and l.marketplace = h.marketplace and l.captured_at = h.captured_at and l.admission = 'seat';
end;
comment on function seats_now is
'the seats of the last trusted capture of each marketplace of one event, with their zone as in hourly_prices';

create function market_depth(
  p_event_id bigint, p_together integer default 1, p_by_zone boolean default false, p_at timestamptz default now()
)
returns table (
  marketplace text, health text, captured_at timestamptz, zone text, currency text, fee_basis text, floor_price numeric,
  base_price numeric, listings_below integer, tickets_below integer, step_percent integer, up_to_price numeric,
  listings integer, tickets integer
)
language sql stable
begin atomic
  select
    g.marketplace, g.health, g.captured_at, g.zone, g.currency, g.fee_basis, g.floor_price, g.base_price, b.listings as listings_below,
    b.tickets as tickets_below, t.step_percent, (g.base_price * t.factor)::numeric(12, 2), u.listings, u.tickets
  from (
    select
      r.marketplace, r.health, r.captured_at, r.zone, r.currency, r.fee_basis,
      min(r.price) filter (where r.third <= 1.15 * r.price) as floor_price,
      coalesce(min(r.price) filter (where r.third <= 1.15 * r.price), min(r.price)) as base_price,
      array_agg(r.price) as prices, array_agg(r.quantity) as quantities
    from (
      select
        z.*, lead(z.price, 2) over (partition by z.marketplace, z.zone, z.currency, z.fee_basis order by z.price) as third
      from (
        select
          s.marketplace, s.health, s.captured_at, case when p_by_zone then s.zone else '*' end as zone, s.currency,
          s.fee_basis, s.price, s.quantity
        from seats_now(p_event_id, p_at) as s
        where can_sell(s.quantity, s.splits, p_together)
      ) as z
    ) as r
    group by r.marketplace, r.health, r.captured_at, r.zone, r.currency, r.fee_basis
  ) as g
  cross join unnest(array[0, 5, 10, 15, 25, 50, 100], array[1, 1.05, 1.10, 1.15, 1.25, 1.50, 2]) as t (step_percent, factor)
  left join lateral (
    select count(*)::integer as listings, coalesce(sum(l.quantity), 0)::integer as tickets
    from unnest(g.prices, g.quantities) as l (price, quantity)
    where l.price < g.base_price
  ) as b on true
  left join lateral (
    select count(*)::integer as listings, coalesce(sum(l.quantity), 0)::integer as tickets
    from unnest(g.prices, g.quantities) as l (price, quantity)
    where l.price between g.base_price and g.base_price * t.factor
  ) as u on true
  order by g.marketplace, g.currency, g.fee_basis, g.base_price, g.zone, t.step_percent;
end;
comment on function market_depth is
'how many listings that sell p_together stand from their floor (base_price; the cheapest where there is no floor) up to each step above '
'it, cumulative; listings_below: lone asks under it. Zone * or by zone; marketplaces where none sells p_together are left out';

create function row_rank("row" text) returns integer
language sql immutable parallel safe
return case
  when btrim("row") ~ '^[0-9]{1,4}$' then btrim("row")::integer
  when btrim("row") ~ '^([A-Za-z])\1{0,3}$' then 100001 + 26 * (length(btrim("row")) - 1) + ascii(upper(btrim("row"))) - ascii('A')
end;
comment on function row_rank is
'the order of rows: numbers, or letters as theatres count: A to Z, then AA, BB … ZZ; null: neither. Letters are far from numbers';

create function comparables(
  p_event_id bigint, p_section text, p_zone text, p_first_row text, p_last_row text, p_together integer,
  p_neighbour_rows integer default 3, p_ask numeric default null, p_at timestamptz default now()
)
returns table (
  marketplace text, health text, captured_at timestamptz, currency text, fee_basis text, zone text, ring text,
  listings integer, tickets integer, floor_price numeric, p25_price numeric, median_price numeric, p75_price numeric,
  ask_rank integer, unknown_rows integer, cheapest jsonb
)
language sql stable
begin atomic
  with seats as (
    select
      s.*, row_rank(s."row") as place, can_sell(s.quantity, s.splits, p_together) as can_sell_them,
      -- One marketplace says 104 and another one Lower Bowl 104: the last word is enough where none is called just so.
      coalesce(s.section_name = lower(btrim(p_section)), false) or (
        not coalesce(bool_or(s.section_name = lower(btrim(p_section))) over (partition by s.marketplace), false)
        and coalesce(substring(s.section_name from '\S+$') = lower(btrim(p_section)), false)
      ) as is_in_section
    from (select n.*, lower(btrim(n.section)) as section_name from seats_now(p_event_id, p_at) as n) as s
  ),

  units as (
    select
      s.marketplace, s.health, s.captured_at, s.currency, s.fee_basis,
      coalesce(p_zone, mode() within group (order by s.zone) filter (where s.is_in_section)) as zone,
      (count(*) filter (
        where s.is_in_section and s.can_sell_them and (s.place > 100000) is distinct from (row_rank(p_first_row) > 100000)
      ))::integer as unknown_rows
    from seats as s
    group by s.marketplace, s.health, s.captured_at, s.currency, s.fee_basis
  ),

  members as (
    select
      u.*, r.ring, s.listing_id, s.section, s."row", s.quantity, s.price,
      lead(s.price, 2) over (partition by u.marketplace, u.currency, u.fee_basis, r.ring order by s.price) as third
    from units as u
    cross join (values ('rows'), ('section'), ('zone')) as r (ring)
    left join seats as s
      on
        s.marketplace = u.marketplace and s.currency = u.currency and s.fee_basis = u.fee_basis and s.can_sell_them
        and case r.ring
          when 'zone' then lower(btrim(s.zone)) = lower(btrim(u.zone))
          when 'section' then s.is_in_section
          else
            s.is_in_section and s.place between
            least(row_rank(p_first_row), row_rank(p_last_row)) - p_neighbour_rows
            and greatest(row_rank(p_first_row), row_rank(p_last_row)) + p_neighbour_rows
        end
    where
      case r.ring
        when 'zone' then u.zone is not null
        when 'section' then p_section is not null
        else p_section is not null and p_first_row is not null
      end
  ),

  floors as (
    select
      m.*,
      min(m.price) filter (where m.third <= 1.15 * m.price)
        over (partition by m.marketplace, m.currency, m.fee_basis, m.ring) as floor_price
    from members as m
  )

  select
    f.marketplace, f.health, f.captured_at, f.currency, f.fee_basis, f.zone, f.ring, count(f.price)::integer,
    coalesce(sum(f.quantity), 0)::integer, f.floor_price,
    ((percentile_cont(0.25) within group (order by (f.price * 100)::double precision))::numeric / 100)::numeric(12, 2),
    ((percentile_cont(0.5) within group (order by (f.price * 100)::double precision))::numeric / 100)::numeric(12, 2),
    ((percentile_cont(0.75) within group (order by (f.price * 100)::double precision))::numeric / 100)::numeric(12, 2),
    case when p_ask is not null then 1 + (count(*) filter (where f.price < p_ask))::integer end,
    case when f.ring = 'rows' then f.unknown_rows end,
    to_jsonb((array_agg(
      jsonb_build_object(
        'listing_id', f.listing_id, 'section', f.section, 'row', f."row", 'quantity', f.quantity, 'price', f.price::text
      )
      order by f.price, f.listing_id
    ) filter (where f.price is not null))[1:5])
  from floors as f
  group by
    f.marketplace, f.health, f.captured_at, f.currency, f.fee_basis, f.zone, f.ring, f.floor_price, f.unknown_rows
  order by f.marketplace, f.currency, f.fee_basis, f.ring;
end;
comment on function comparables is
'what stands beside seats of one''s own and sells p_together: rings rows (same section, within p_neighbour_rows of the rows), section '
'(by its name, else by the last word of it: 104 finds Lower Bowl 104) and zone, each within the next; ask_rank: where p_ask would '
'stand, 1 is the cheapest; unknown_rows: of the section, not in row_rank';

create function watchlist_health(p_at timestamptz default now())
returns table (
  state text, event_id bigint, name text, marketplace text, sheet_row integer, since_at timestamptz, detail text, items integer
)
language sql stable
begin atomic
  with sources as (
    select h.event_id, h.marketplace, h.health, h.newest_at, h.captured_at, h.reason
    from market_health(p_at) as h
    union all
    -- Marketplaces that only describe events.
    select
      p.event_id, p.marketplace,
      case
        when e.event_at <= p_at then 'over'
        when not e.is_tracked or s.event_id is null then 'untracked'
        when k.state <> 'closed' and k.open_until > p_at or k.asked_until > p_at then 'paused'
        when p.last_success_at is null then 'never seen'
        when p.last_success_at + 2 * coalesce(p.poll_interval, interval '12 hours') + interval '5 minutes' < p_at then 'stale'
        when p.consecutive_failures > 0 then 'failing'
        else 'ok'
      end,
      p.last_success_at as newest_at, null as captured_at, p.last_error
    from poll_schedule as p
    inner join events as e on e.event_id = p.event_id
    left join event_sources as s on s.event_id = p.event_id and s.marketplace = p.marketplace and s.is_current
    left join breaker_state as k on k.marketplace = p.marketplace
    where not has_listings(p.marketplace)
  )

  select h.health, h.event_id, e.name, h.marketplace, e.sheet_row, h.newest_at, h.reason, 1
  from sources as h
  inner join events as e on e.event_id = h.event_id
  where h.health not in ('ok', 'over', 'untracked', 'paused')
  union all
  select h.health, null, null, h.marketplace, null, null, null, count(*)::integer
  from sources as h
  where h.health in ('ok', 'over')
  group by h.health, h.marketplace
  union all
  select
    'paused', null, null, k.marketplace, null, k.opened_at, coalesce(k.reason, 'the marketplace asked to wait'),
    (
      select count(*)::integer
      from sources as h
      where h.marketplace = k.marketplace and h.health = 'paused'
    )
  from breaker_state as k
  where k.state <> 'closed' and k.open_until > p_at or k.asked_until > p_at
  union all
  select
    'budget spent', null, null, b.marketplace, null, null,
    format('all %s of %s hours, %s', b.max_requests, round(extract(epoch from b.budget_window) / 3600), b.applies_to), b.used
  from (
    select r.marketplace, r.max_requests, r.budget_window, r.applies_to, count(*)::integer as used
    from request_budget as r
    inner join request_slots as s
      on s.marketplace = r.marketplace and s.budget_window = r.budget_window and s.applies_to = r.applies_to
    where s.busy_until > p_at and r.budget_window >= interval '1 hour'
    group by r.marketplace, r.max_requests, r.budget_window, r.applies_to
  ) as b
  where b.used >= b.max_requests
  union all
  select 'unmapped', h.event_id, e.name, h.marketplace, e.sheet_row, h.captured_at, u.sections, u.items
  from sources as h
  inner join events as e on e.event_id = h.event_id
  left join lateral (
    select string_agg(distinct l.section, ', ') as sections, count(distinct l.section)::integer as items
    from listings as l
    where
      l.event_id = h.event_id and l.marketplace = h.marketplace and l.captured_at = h.captured_at and l.admission = 'seat'
      and l.zone is null
  ) as u on true
  where
    u.items > 0 and e.is_tracked and e.event_at > p_at and lower(e.venue) in (select lower(z.venue) from venue_zones as z)
  union all
  select 'rejected row', null, null, null, r.row_number, r.first_seen_at, array_to_string(r.reasons, '; '), 1
  from rejected_rows as r
  order by 1, 4, 5;
end;
comment on function watchlist_health is
'what is wrong where: one row per event and marketplace that is stale, failing, suspect, unreadable or never seen, or has sections that '
'the map of its venue lacks; per rejected row of the sheet; per marketplace that is paused or out of budget; ok and over as counts (items)';
