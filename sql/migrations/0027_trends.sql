-- The questions over time, as functions: prices and inventory by buckets, as of their end.
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

-- The buckets of a window, each with its first moment: the bucket of an hour is found among them by bisection, since telling the
-- local day of every hour costs more than reading it.
create function bucket_starts(
  p_from timestamptz, p_until timestamptz, p_bucket interval, p_timezone text, p_aligned_at timestamptz,
  out begins_at timestamptz[], out starts_at timestamptz[]
)
language sql stable parallel safe
begin atomic
  select array_agg(b.begins_at order by b.begins_at, b.starts_at), array_agg(b.starts_at order by b.begins_at, b.starts_at)
  from (
    select g.starts_at as begins_at, g.starts_at
    from
      generate_series(
        date_bin(greatest(p_bucket, interval '1 hour'), p_from, coalesce(p_aligned_at, timestamptz '2000-01-01 00:00+00')), p_until,
        greatest(p_bucket, interval '1 hour')
      ) as g (starts_at)
    where p_aligned_at is not null or p_bucket <= interval '1 hour'
    union all
    -- A clock that goes back shows the start of a bucket twice: the bucket has the name of the second, and begins at the first.
    select l.starts_at - t.set_back, l.starts_at
    from
      generate_series(
        date_bin(p_bucket, p_from at time zone p_timezone - interval '3 hours', timestamp '2000-01-03 00:00'),
        p_until at time zone p_timezone, p_bucket
      ) as g (local_at)
    cross join lateral (select g.local_at at time zone p_timezone as starts_at) as l
    cross join
      lateral (
        select max(b.set_back) as set_back
        from (values (interval '0'), (interval '30 minutes'), (interval '1 hour'), (interval '2 hours')) as b (set_back)
        where b.set_back = interval '0' or (l.starts_at - b.set_back) at time zone p_timezone >= g.local_at
      ) as t
    where p_aligned_at is null and p_bucket > interval '1 hour'
  ) as b;
end;
comment on function bucket_starts is
'all buckets that hours of [p_from, p_until) lie in: the first moment of each, in order, and its name as of bucket_start';

create function closing_prices(
  p_event_id bigint, p_from timestamptz, p_until timestamptz, p_bucket interval default '1 hour', p_zone text default '*',
  p_marketplace text default null, p_timezone text default null, p_aligned_at timestamptz default null,
  p_split_hours timestamptz[] default '{}', p_parts jsonb default '[]'
)
returns table (
  marketplace text, currency text, fee_basis text, bucket_at timestamptz, listings integer, tickets integer,
  snapshots integer, suspect_snapshots integer, failed_attempts integer, hours_covered integer, has_prices boolean,
  floor_price numeric, get_in_prices numeric[], p25_price numeric, median_price numeric, p75_price numeric
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
  v_filled_until timestamptz;
  v_begins timestamptz[];
  v_starts timestamptz[];
  -- Of all events: the event itself may have lost its id to another one, and keeps its prices.
  v_marketplaces text[] := case
    when p_marketplace is null then array(select distinct s.marketplace from event_sources as s) else array[p_marketplace]
  end;
begin
  select least(p_until, e.event_at), b.begins_at, b.starts_at into v_filled_until, v_begins, v_starts
  from events as e
  cross join lateral bucket_starts(p_from, p_until, p_bucket, coalesce(p_timezone, e.timezone), p_aligned_at) as b
  where e.event_id = p_event_id;

  return query
  with parts as materialized (
    select p.* from jsonb_populate_recordset(null::hourly_prices, p_parts) as p
  ),

  -- What was tried, from the rows of the whole event: a zone has no row of an hour in which it had no listing.
  coverage as materialized (
    select
      a.marketplace, v_starts[width_bucket(a.hour_at, v_begins)] as bucket_at,
      sum(a.snapshots)::integer as snapshots, sum(a.suspect_snapshots)::integer as suspect_snapshots,
      sum(a.failed_attempts)::integer as failed_attempts, max(a.hour_at) filter (where a.snapshots > 0) as last_hour_at,
      (count(*) filter (where a.snapshots > 0 and a.is_counted))::integer as hours_covered
    from (
      -- All rows of an hour say the same.
      (
        select distinct on (h.marketplace, h.hour_at)
          h.marketplace, h.hour_at, h.snapshots, h.suspect_snapshots, h.failed_attempts, true as is_counted
        from hourly_prices as h
        where
          h.event_id = p_event_id and h.marketplace = any(v_marketplaces) and h.zone = '*'
          and h.hour_at >= p_from and h.hour_at < p_until and h.hour_at <> all(p_split_hours)
        order by h.marketplace, h.hour_at
      )
      union all
      select
        h.marketplace, h.hour_at, max(h.snapshots), max(h.suspect_snapshots), max(h.failed_attempts),
        -- An hour that lies in two buckets counts in that of its first part with a capture.
        h.hour_at = min(case when max(h.snapshots) > 0 then h.hour_at end)
          over (partition by h.marketplace, date_bin('1 hour', h.hour_at, timestamptz '2000-01-01 00:00+00'))
      from parts as h
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
      cross join unnest(v_starts) as g (starts_at)
      where g.starts_at >= b.first_at and g.starts_at < v_filled_until
    ) as f
    group by f.marketplace, f.bucket_at
  ),

  -- Where each series has hours. For a zone the key of the table tells, for the whole event its index.
  held as materialized (
    select
      k.marketplace, k.currency, k.fee_basis, v_starts[width_bucket(k.hour_at, v_begins)] as bucket_at,
      bool_or(k.is_priced) as is_priced, max(k.hour_at) as newest_at
    from (
      select h.marketplace, h.currency, h.fee_basis, h.hour_at, p_zone <> '*' or h.observations > 0 as is_priced
      from hourly_prices as h
      where
        h.event_id = p_event_id and h.marketplace = any(v_marketplaces) and h.zone = p_zone
        and h.hour_at >= p_from and h.hour_at < p_until and h.hour_at <> all(p_split_hours)
      union all
      select h.marketplace, h.currency, h.fee_basis, h.hour_at, h.observations > 0
      from parts as h
      where h.zone = p_zone
    ) as k
    group by k.marketplace, k.currency, k.fee_basis, 4
  ),

  -- Only the last hour of a bucket with a capture is read in full: of a zone, every hour lies on a page of its own.
  closing as (
    select k.marketplace, k.currency, k.fee_basis, k.bucket_at, h.*
    from held as k
    inner join coverage as c on c.marketplace = k.marketplace and c.bucket_at = k.bucket_at
    cross join
      lateral (
        select
          h.listings, h.tickets, h.floor_price, h.get_in_1_price, h.get_in_2_price, h.get_in_3_price, h.get_in_4_price,
          h.get_in_5_price, h.get_in_6_price, h.get_in_7_price, h.get_in_8_price, h.p25_price, h.median_price, h.p75_price
        from hourly_prices as h
        where
          h.event_id = p_event_id and h.marketplace = k.marketplace and h.zone = p_zone and h.currency = k.currency
          and h.fee_basis = k.fee_basis and h.hour_at = c.last_hour_at and h.hour_at <> all(p_split_hours)
        offset 0
      ) as h
    union all
    select
      k.marketplace, k.currency, k.fee_basis, k.bucket_at, h.listings, h.tickets, h.floor_price, h.get_in_1_price,
      h.get_in_2_price, h.get_in_3_price, h.get_in_4_price, h.get_in_5_price, h.get_in_6_price, h.get_in_7_price,
      h.get_in_8_price, h.p25_price, h.median_price, h.p75_price
    from held as k
    inner join coverage as c on c.marketplace = k.marketplace and c.bucket_at = k.bucket_at
    inner join parts as h
      on
        h.marketplace = k.marketplace and h.zone = p_zone and h.currency = k.currency and h.fee_basis = k.fee_basis
        and h.hour_at = c.last_hour_at
  ),

  -- Hours without a listing have the last known currency, or XXX: they make a series only where nothing else does.
  priced as (
    select k.marketplace, k.currency, k.fee_basis, min(k.bucket_at) as first_at, max(k.bucket_at) as last_at
    from held as k
    where k.is_priced
    group by k.marketplace, k.currency, k.fee_basis
    union all
    (
      select distinct on (k.marketplace) k.marketplace, k.currency, k.fee_basis, k.bucket_at, k.bucket_at
      from held as k
      where not exists (select from held as x where x.marketplace = k.marketplace and x.is_priced)
      order by k.marketplace, k.currency = 'XXX', k.newest_at desc
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
    g.snapshots, g.suspect_snapshots, g.failed_attempts, g.hours_covered, coalesce(k.is_priced, false), b.floor_price,
    array[
      b.get_in_1_price, b.get_in_2_price, b.get_in_3_price, b.get_in_4_price, b.get_in_5_price, b.get_in_6_price,
      b.get_in_7_price, b.get_in_8_price
    ],
    b.p25_price, b.median_price, b.p75_price
  from series as s
  inner join grid as g on g.marketplace = s.marketplace and g.bucket_at >= s.begins_at and g.bucket_at < s.ends_at
  left join held as k
    on k.marketplace = s.marketplace and k.currency = s.currency and k.fee_basis = s.fee_basis and k.bucket_at = g.bucket_at
  left join closing as b
    on b.marketplace = s.marketplace and b.currency = s.currency and b.fee_basis = s.fee_basis and b.bucket_at = g.bucket_at
  order by s.marketplace, s.currency, s.fee_basis, g.bucket_at;
end
$$;
comment on function closing_prices is
'prices and inventory of one event by buckets of whole hours on the venue''s clock, per ticket, from hourly_prices, as of the last '
'hour with a trusted capture of each bucket; one series per marketplace, currency and fee basis, from its first price to its last and '
'on until another one begins; the first begins with the first attempt. A bucket without data, up to the start of the event, has '
'snapshots 0 and nulls; has_prices: the bucket has any price of the series. Where a clock is 30 or 45 minutes beside UTC, days begin '
'with the next whole hour, unless p_split_hours and p_parts bring the parts of the hours at midnight (as Python does)';

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
    h.snapshots, h.suspect_snapshots, h.failed_attempts, h.hours_covered, h.has_prices
  from
    closing_prices(
      p_event_id, p_from, p_until, p_bucket, p_zone, p_marketplace, p_timezone, null, p_split_hours, p_parts
    ) as h;
end;
comment on function price_trend is
'one price of an event over time, as closing_prices: p_measure is floor, get_in (for p_together) or median; null: no data, or no price; '
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
    lateral closing_prices(
      p_event_id, p_from, p_until, p_bucket, p_zone, p_marketplace, p_timezone, null, p_split_hours, p_parts
    ) as h
  where e.event_id = p_event_id
  group by h.marketplace, h.bucket_at, e.capacity
  order by h.marketplace, h.bucket_at;
end;
comment on function ticket_count_trend is
'tickets and listings of an event over time, of all currencies and fee bases, as of the last hour with a trusted capture of each '
'bucket; availability_rate: tickets by the capacity of the venue, null where that is not known and for a zone';
