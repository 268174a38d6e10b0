-- What happened within buckets, beside what stands at their end, as a function.
create function price_history(
  p_event_id bigint, p_from timestamptz, p_until timestamptz, p_bucket interval default '1 hour', p_zone text default '*',
  p_marketplace text default null, p_timezone text default null, p_aligned_at timestamptz default null,
  p_split_hours timestamptz[] default '{}', p_parts jsonb default '[]'
)
returns table (
  marketplace text, currency text, fee_basis text, bucket_at timestamptz, listings integer, tickets integer,
  snapshots integer, suspect_snapshots integer, failed_attempts integer, hours_covered integer,
  floor_price numeric, low_floor_price numeric, high_floor_price numeric, get_in_prices numeric[],
  open_price numeric, high_price numeric, low_price numeric, close_price numeric, min_price numeric, p25_price numeric,
  median_price numeric, p75_price numeric, mean_price numeric, max_price numeric
)
language plpgsql stable
set search_path from current
set plan_cache_mode = force_custom_plan
set enable_nestloop = off
set enable_mergejoin = off
set jit = off
as $$
#variable_conflict use_column
declare
  v_begins timestamptz[];
  v_starts timestamptz[];
  v_marketplaces text[] := case
    when p_marketplace is null then array(select distinct s.marketplace from event_sources as s) else array[p_marketplace]
  end;
begin
  select b.begins_at, b.starts_at into v_begins, v_starts
  from events as e
  cross join lateral bucket_starts(p_from, p_until, p_bucket, coalesce(p_timezone, e.timezone), p_aligned_at) as b
  where e.event_id = p_event_id;

  return query
  with ranges as (
    select
      o.marketplace, o.currency, o.fee_basis, o.bucket_at, min(o.low_floor_price) as low_floor_price,
      max(o.high_floor_price) as high_floor_price,
      -- In the order of the hours, which come sorted: to sort each bucket twice more costs as much as all the rest.
      (array_agg(o.open_price) filter (where o.open_price is not null))[1] as open_price,
      max(o.high_price) as high_price, min(o.low_price) as low_price,
      (array_agg(o.close_price) filter (where o.close_price is not null))[count(o.close_price)] as close_price,
      min(o.min_price) as min_price, (sum(o.sum_price) / nullif(sum(o.observations), 0))::numeric(12, 2) as mean_price,
      max(o.max_price) as max_price
    from (
      select h.*, v_starts[width_bucket(h.hour_at, v_begins)] as bucket_at
      from (
        select h.* from hourly_prices as h
        where
          h.event_id = p_event_id and h.marketplace = any(v_marketplaces) and h.zone = p_zone
          and h.hour_at >= p_from and h.hour_at < p_until and h.hour_at <> all(p_split_hours)
        union all
        select h.* from jsonb_populate_recordset(null::hourly_prices, p_parts) as h
        where h.zone = p_zone
      ) as h
      order by h.marketplace, h.currency, h.fee_basis, bucket_at, h.hour_at
    ) as o
    group by o.marketplace, o.currency, o.fee_basis, o.bucket_at
  )

  select
    c.marketplace, c.currency, c.fee_basis, c.bucket_at, c.listings, c.tickets, c.snapshots, c.suspect_snapshots,
    c.failed_attempts, c.hours_covered, c.floor_price, r.low_floor_price, r.high_floor_price, c.get_in_prices, r.open_price,
    r.high_price, r.low_price, r.close_price, r.min_price, c.p25_price, c.median_price, c.p75_price, r.mean_price, r.max_price
  from
    closing_prices(
      p_event_id, p_from, p_until, p_bucket, p_zone, p_marketplace, p_timezone, p_aligned_at, p_split_hours, p_parts
    ) as c
  left join ranges as r
    on r.marketplace = c.marketplace and r.currency = c.currency and r.fee_basis = c.fee_basis and r.bucket_at = c.bucket_at
  order by c.marketplace, c.currency, c.fee_basis, c.bucket_at;
end
$$;
comment on function price_history is
'prices of one event by buckets, as closing_prices, with what happened within each: open to close follow the get-in price for one, '
'low_floor to high_floor the floor; min, mean and max are of all listings';
