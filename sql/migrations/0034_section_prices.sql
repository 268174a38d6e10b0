-- What zones cost and hold, as a function. Its body brings its search path.
create function section_prices(
  p_event_id bigint, p_from timestamptz default now() - interval '7 days', p_until timestamptz default now(),
  p_marketplace text default null
)
returns table (
  marketplace text, zone text, currency text, fee_basis text, listings integer, tickets integer, floor_price numeric,
  first_floor_price numeric, get_in_prices numeric[], p25_price numeric, median_price numeric, p75_price numeric,
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
  with last_hour as (
    select h.marketplace, max(h.hour_at) as hour_at
    from hourly_prices as h
    where
      h.event_id = p_event_id and h.marketplace = any(v_marketplaces) and h.zone = '*' and h.snapshots > 0
      and h.hour_at >= p_from and h.hour_at < p_until
    group by h.marketplace
  ),

  zones as (
    select
      h.marketplace, h.zone, h.currency, h.fee_basis,
      (array_agg(h.floor_price order by h.hour_at) filter (where h.floor_price is not null))[1] as first_floor_price
    from hourly_prices as h
    where
      h.event_id = p_event_id and h.marketplace = any(v_marketplaces) and h.observations > 0
      and h.hour_at >= p_from and h.hour_at < p_until
    group by h.marketplace, h.zone, h.currency, h.fee_basis
  )

  select
    z.marketplace, z.zone, z.currency, z.fee_basis, coalesce(h.listings, 0), coalesce(h.tickets, 0), h.floor_price,
    z.first_floor_price,
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
  order by z.marketplace, z.zone <> '*', coalesce(h.floor_price, h.get_in_1_price, h.median_price), z.zone;
end
$$;
comment on function section_prices is
'prices and inventory of an event by zone (*: the whole event) in the last hour of [p_from, p_until) with a trusted capture, and its '
'first floor since p_from; a zone that is sold out by then has 0 tickets and no price';
