-- The zones and the last hour of a span are found by index, not by reading all of its hours: a year of them lies on as many pages.

create or replace function section_prices(
  p_event_id bigint, p_from timestamptz default now() - interval '7 days', p_until timestamptz default now(),
  p_marketplace text default null
)
returns table (
  marketplace text, zone text, currency text, fee_basis text, listings integer, tickets integer, floor_price numeric,
  before_at timestamptz, before_floor_price numeric, get_in_prices numeric[], p25_price numeric, median_price numeric, p75_price numeric,
  last_hour_at timestamptz
)
language plpgsql stable
set search_path from current
-- Planned for each question, as price_history: the plan for any span would read the hours of all events.
set plan_cache_mode = force_custom_plan
as $$
#variable_conflict use_column
declare
  -- Of all events: the event itself may have lost its id to another one, and keeps its prices.
  v_marketplaces text[] := case
    when p_marketplace is null then array(select distinct s.marketplace from event_sources as s) else array[p_marketplace]
  end;
begin
  return query
  with recursive last_hour as (
    select m.marketplace, l.hour_at, l.captured_at
    from unnest(v_marketplaces) as m (marketplace)
    cross join
      lateral (
        select h.hour_at, h.last_captured_at as captured_at
        from hourly_prices as h
        where
          h.event_id = p_event_id and h.marketplace = m.marketplace and h.zone = '*' and h.snapshots > 0
          and h.hour_at >= p_from and h.hour_at < p_until
        order by h.hour_at desc, h.last_captured_at desc
        limit 1
      ) as l
  ),

  -- From one key to the next by the primary key.
  zones as (
    (
      select h.marketplace, h.zone, h.currency, h.fee_basis
      from hourly_prices as h
      where
        h.event_id = p_event_id and h.marketplace = any(v_marketplaces) and h.observations > 0
        and h.hour_at >= p_from and h.hour_at < p_until
      order by h.marketplace, h.zone, h.currency, h.fee_basis
      limit 1
    )
    union all
    select n.marketplace, n.zone, n.currency, n.fee_basis
    from zones as k
    cross join
      lateral (
        select h.marketplace, h.zone, h.currency, h.fee_basis
        from hourly_prices as h
        where
          h.event_id = p_event_id and h.marketplace = any(v_marketplaces) and h.observations > 0
          and h.hour_at >= p_from and h.hour_at < p_until
          and (h.marketplace, h.zone, h.currency, h.fee_basis) > (k.marketplace, k.zone, k.currency, k.fee_basis)
        order by h.marketplace, h.zone, h.currency, h.fee_basis
        limit 1
      ) as n
  )

  select
    z.marketplace, z.zone, z.currency, z.fee_basis, coalesce(h.listings, 0), coalesce(h.tickets, 0), h.floor_price,
    b.captured_at, b.floor_price,
    array[
      h.get_in_1_price, h.get_in_2_price, h.get_in_3_price, h.get_in_4_price, h.get_in_5_price, h.get_in_6_price,
      h.get_in_7_price, h.get_in_8_price
    ],
    h.p25_price, h.median_price, h.p75_price, t.hour_at
  from zones as z
  inner join last_hour as t on t.marketplace = z.marketplace
  left join hourly_prices as h
    on
      h.event_id = p_event_id and h.marketplace = z.marketplace and h.zone = z.zone and h.currency = z.currency
      and h.fee_basis = z.fee_basis and h.hour_at = t.hour_at and h.listings > 0
  left join
    lateral floor_before(p_event_id, z.marketplace, z.zone, z.currency, z.fee_basis, t.captured_at, p_until - p_from) as b
    on true
  order by z.marketplace, z.zone <> '*', coalesce(h.floor_price, h.get_in_1_price, h.median_price), z.zone;
end
$$;
