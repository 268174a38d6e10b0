-- The questions over time, as functions: prices and inventory by buckets.
-- No function needs a search path of its caller: its body is parsed here (begin atomic), or brings one.

create function bucket_start(p_hour_at timestamptz, p_bucket interval, p_timezone text, p_aligned_at timestamptz)
returns timestamptz
language sql immutable parallel safe
return case
  when p_bucket <= interval '1 hour' then p_hour_at
  when p_aligned_at is not null then date_bin(p_bucket, p_hour_at, p_aligned_at)
  else date_bin(p_bucket, p_hour_at at time zone p_timezone, timestamp '2000-01-03 00:00') at time zone p_timezone
end;
comment on function bucket_start is
'the start of the bucket of an hour: on the clock of p_timezone (weeks from Monday), or in steps from p_aligned_at; the hour itself '
'where a bucket is at most an hour, so that the two hours that one local hour names when clocks go back stay two';

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
-- Planned for each question: the plan for any zone could not use the index that holds the whole event alone. How few series
-- there are the planner cannot know: it would compare each hour with each.
set plan_cache_mode = force_custom_plan
set enable_nestloop = off
set enable_mergejoin = off
set jit = off
as $$
#variable_conflict use_column
declare
  v_timezone text;
  v_filled_until timestamptz;
  -- Of all events: the event itself may have lost its id to another one, and keeps its prices.
  v_marketplaces text[] := case
    when p_marketplace is null then array(select distinct s.marketplace from event_sources as s) else array[p_marketplace]
  end;
begin
  select coalesce(p_timezone, e.timezone), least(p_until, e.event_at) into v_timezone, v_filled_until
  from events as e
  where e.event_id = p_event_id;

  return query
  -- What was tried, from the rows of the whole event: a zone has no row of an hour in which it had no listing.
  with coverage as materialized (
    select
      a.marketplace, bucket_start(a.hour_at, p_bucket, v_timezone, p_aligned_at) as bucket_at,
      sum(a.snapshots)::integer as snapshots, sum(a.suspect_snapshots)::integer as suspect_snapshots,
      sum(a.failed_attempts)::integer as failed_attempts, max(a.hour_at) filter (where a.snapshots > 0) as last_hour_at,
      (count(*) filter (where a.snapshots > 0 and a.is_counted))::integer as hours_covered
    from (
      select
        h.marketplace, h.hour_at, max(h.snapshots) as snapshots, max(h.suspect_snapshots) as suspect_snapshots,
        max(h.failed_attempts) as failed_attempts, true as is_counted
      from hourly_prices as h
      where
        h.event_id = p_event_id and h.marketplace = any(v_marketplaces) and h.zone = '*'
        and h.hour_at >= p_from and h.hour_at < p_until and h.hour_at <> all(p_split_hours)
      group by h.marketplace, h.hour_at
      union all
      select
        h.marketplace, h.hour_at, max(h.snapshots), max(h.suspect_snapshots), max(h.failed_attempts),
        -- An hour that lies in two buckets counts in that of its first part with a capture.
        h.hour_at = min(case when max(h.snapshots) > 0 then h.hour_at end)
          over (partition by h.marketplace, date_bin('1 hour', h.hour_at, timestamptz '2000-01-01 00:00+00'))
      from jsonb_populate_recordset(null::hourly_prices, p_parts) as h
      where h.zone = '*'
      group by h.marketplace, h.hour_at
    ) as a
    group by a.marketplace, 2
  ),

  -- All buckets, gaps too.
  grid as (
    select
      f.marketplace, f.bucket_at, max(f.snapshots) as snapshots, max(f.suspect_snapshots) as suspect_snapshots,
      max(f.failed_attempts) as failed_attempts, max(f.hours_covered) as hours_covered
    from (
      select c.marketplace, c.bucket_at, c.snapshots, c.suspect_snapshots, c.failed_attempts, c.hours_covered
      from coverage as c
      union all
      select b.marketplace, g.starts_at, 0, 0, 0, 0
      from (
        select c.marketplace, min(c.bucket_at) as first_at
        from coverage as c
        group by c.marketplace
      ) as b
      cross join lateral (
        select t.starts_at
        from generate_series(b.first_at, v_filled_until, greatest(p_bucket, interval '1 hour')) as t (starts_at)
        where p_aligned_at is not null or p_bucket <= interval '1 hour'
        union all
        select t.local_at at time zone v_timezone
        from generate_series(b.first_at at time zone v_timezone, v_filled_until at time zone v_timezone, p_bucket) as t (local_at)
        where p_aligned_at is null and p_bucket > interval '1 hour'
      ) as g
      where g.starts_at < v_filled_until
    ) as f
    group by f.marketplace, f.bucket_at
  ),

  buckets as materialized (
    select
      o.marketplace, o.currency, o.fee_basis, o.bucket_at, max(o.hour_at) as newest_at, sum(o.observations) as observations,
      max(o.listings) filter (where o.is_last) as listings, max(o.tickets) filter (where o.is_last) as tickets,
      max(o.floor_price) filter (where o.is_last) as floor_price, min(o.low_floor_price) as low_floor_price,
      max(o.high_floor_price) as high_floor_price,
      array[
        max(o.get_in_1_price) filter (where o.is_last), max(o.get_in_2_price) filter (where o.is_last),
        max(o.get_in_3_price) filter (where o.is_last), max(o.get_in_4_price) filter (where o.is_last),
        max(o.get_in_5_price) filter (where o.is_last), max(o.get_in_6_price) filter (where o.is_last),
        max(o.get_in_7_price) filter (where o.is_last), max(o.get_in_8_price) filter (where o.is_last)
      ] as get_in_prices,
      (array_agg(o.open_price order by o.hour_at) filter (where o.open_price is not null))[1] as open_price,
      max(o.high_price) as high_price, min(o.low_price) as low_price,
      (array_agg(o.close_price order by o.hour_at desc) filter (where o.close_price is not null))[1] as close_price,
      min(o.min_price) as min_price, max(o.p25_price) filter (where o.is_last) as p25_price,
      max(o.median_price) filter (where o.is_last) as median_price, max(o.p75_price) filter (where o.is_last) as p75_price,
      (sum(o.sum_price) / nullif(sum(o.observations), 0))::numeric(12, 2) as mean_price, max(o.max_price) as max_price
    from (
      select h.*, c.bucket_at, h.hour_at = c.last_hour_at as is_last
      from (
        select h.* from hourly_prices as h
        where
          h.event_id = p_event_id and h.marketplace = any(v_marketplaces) and h.zone = p_zone
          and h.hour_at >= p_from and h.hour_at < p_until and h.hour_at <> all(p_split_hours)
        union all
        select h.* from jsonb_populate_recordset(null::hourly_prices, p_parts) as h
        where h.zone = p_zone
      ) as h
      inner join coverage as c
        on c.marketplace = h.marketplace and c.bucket_at = bucket_start(h.hour_at, p_bucket, v_timezone, p_aligned_at)
    ) as o
    group by o.marketplace, o.currency, o.fee_basis, o.bucket_at
  ),

  -- Hours without a listing have the last known currency, or XXX: they make a series only where nothing else does.
  priced as (
    select b.marketplace, b.currency, b.fee_basis, min(b.bucket_at) as first_at, max(b.bucket_at) as last_at
    from buckets as b
    where b.observations > 0
    group by b.marketplace, b.currency, b.fee_basis
    union all
    (
      select distinct on (b.marketplace) b.marketplace, b.currency, b.fee_basis, b.bucket_at, b.bucket_at
      from buckets as b
      where not exists (select from buckets as x where x.marketplace = b.marketplace and x.observations > 0)
      order by b.marketplace, b.currency = 'XXX', b.newest_at desc
    )
  ),

  -- A series reaches from its first price to its last, and on to the next one where no other has begun: so every bucket
  -- has a series.
  series as (
    select
      k.marketplace, k.currency, k.fee_basis,
      case when bool_or(o.first_at < k.first_at) then k.first_at else timestamptz '-infinity' end as begins_at,
      case
        when bool_or(o.first_at <= k.last_at and o.last_at > k.last_at) then k.last_at + interval '1 microsecond'
        else coalesce(min(o.first_at) filter (where o.first_at > k.last_at), timestamptz 'infinity')
      end as ends_at
    from priced as k
    inner join priced as o on o.marketplace = k.marketplace
    group by k.marketplace, k.currency, k.fee_basis, k.first_at, k.last_at
  )

  select
    s.marketplace, nullif(s.currency, 'XXX'), case when s.currency <> 'XXX' then s.fee_basis end, g.bucket_at,
    case when g.snapshots > 0 then coalesce(b.listings, 0) end, case when g.snapshots > 0 then coalesce(b.tickets, 0) end,
    g.snapshots, g.suspect_snapshots, g.failed_attempts, g.hours_covered, b.floor_price, b.low_floor_price, b.high_floor_price,
    coalesce(b.get_in_prices, array_fill(null::numeric, array[8])), b.open_price, b.high_price, b.low_price, b.close_price,
    b.min_price, b.p25_price, b.median_price, b.p75_price, b.mean_price, b.max_price
  from series as s
  inner join grid as g on g.marketplace = s.marketplace and g.bucket_at >= s.begins_at and g.bucket_at < s.ends_at
  left join buckets as b
    on b.marketplace = s.marketplace and b.currency = s.currency and b.fee_basis = s.fee_basis and b.bucket_at = g.bucket_at
  order by s.marketplace, s.currency, s.fee_basis, g.bucket_at;
end
$$;
comment on function price_history is
'prices of one event by buckets of whole hours on the venue''s clock, per ticket, from hourly_prices; one series per marketplace, '
'currency and fee basis, from its first price to its last and on until another one begins; the first begins with the first attempt. '
'tickets, floor, quartiles and get-in prices (1 to 8 together) are those of the last hour with a trusted capture; open to close '
'are of the get-in price for one. A bucket without data, up to the start of the event, has snapshots 0 and nulls. Where a clock is '
'30 or 45 minutes beside UTC, days begin with the next whole hour, unless p_split_hours and p_parts bring the parts of the hours at '
'midnight (as Python does)';

create function price_trend(
  p_event_id bigint, p_from timestamptz, p_until timestamptz, p_bucket interval default '1 hour',
  p_measure text default 'floor', p_together integer default 1, p_zone text default '*', p_marketplace text default null,
  p_timezone text default null, p_split_hours timestamptz[] default '{}', p_parts jsonb default '[]'
)
returns table (
  marketplace text, currency text, fee_basis text, at timestamptz, value numeric, snapshots integer,
  suspect_snapshots integer, failed_attempts integer, hours_covered integer, has_prices boolean
)
language sql stable parallel safe
begin atomic
  select
    h.marketplace, h.currency, h.fee_basis, h.bucket_at,
    case p_measure
      when 'floor' then h.floor_price when 'get_in' then h.get_in_prices[p_together] when 'median' then h.median_price
    end,
    h.snapshots, h.suspect_snapshots, h.failed_attempts, h.hours_covered, h.min_price is not null
  from
    price_history(
      p_event_id, p_from, p_until, p_bucket, p_zone, p_marketplace, p_timezone, null, p_split_hours, p_parts
    ) as h;
end;
comment on function price_trend is
'one price of an event over time, as price_history: p_measure is floor, get_in (for p_together) or median; null: no data, or no price; '
'has_prices: whether the bucket has any price of the series';

create function ticket_count_trend(
  p_event_id bigint, p_from timestamptz, p_until timestamptz, p_bucket interval default '1 hour', p_zone text default '*',
  p_marketplace text default null, p_timezone text default null, p_split_hours timestamptz[] default '{}',
  p_parts jsonb default '[]'
)
returns table (
  marketplace text, at timestamptz, tickets integer, listings integer, availability_rate numeric, capacity integer,
  snapshots integer, suspect_snapshots integer, failed_attempts integer, hours_covered integer
)
language sql stable parallel safe
begin atomic
  select
    h.marketplace, h.bucket_at, sum(h.tickets)::integer, sum(h.listings)::integer,
    case when p_zone = '*' then round(sum(h.tickets)::numeric / e.capacity, 4) end, e.capacity,
    max(h.snapshots), max(h.suspect_snapshots), max(h.failed_attempts), max(h.hours_covered)
  from events as e
  cross join
    lateral price_history(
      p_event_id, p_from, p_until, p_bucket, p_zone, p_marketplace, p_timezone, null, p_split_hours, p_parts
    ) as h
  where e.event_id = p_event_id
  group by h.marketplace, h.bucket_at, e.capacity
  order by h.marketplace, h.bucket_at;
end;
comment on function ticket_count_trend is
'tickets and listings of an event over time, of all currencies and fee bases, as of the last hour with a trusted capture of each '
'bucket; availability_rate: tickets by the capacity of the venue, null where that is not known and for a zone';
