-- The questions over time, as functions: prices and inventory by buckets.
-- Each body is parsed here (begin atomic), so that it needs no search path, and is one select, which the planner inlines.

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
language sql stable parallel safe
begin atomic
  with venue as (
    select coalesce(p_timezone, e.timezone) as timezone, least(p_until, e.event_at) as filled_until
    from events as e
    where e.event_id = p_event_id
  ),

  parts as materialized (
    select h.*
    from jsonb_populate_recordset(null::hourly_prices, p_parts) as h
    where h.zone in ('*', p_zone)
  ),

  -- What was tried, from the rows of the whole event: a zone has no row of an hour in which it had no listing.
  attempted as (
    select
      a.marketplace, a.hour_at, bucket_start(a.hour_at, p_bucket, v.timezone, p_aligned_at) as bucket_at,
      max(a.snapshots) as snapshots, max(a.suspect_snapshots) as suspect_snapshots, max(a.failed_attempts) as failed_attempts
    from (
      select h.marketplace, h.hour_at, h.snapshots, h.suspect_snapshots, h.failed_attempts
      from hourly_prices as h
      where
        h.event_id = p_event_id and (p_marketplace is null or h.marketplace = p_marketplace) and h.zone = '*'
        and h.hour_at >= p_from and h.hour_at < p_until and h.hour_at <> all(p_split_hours)
      union all
      select h.marketplace, h.hour_at, h.snapshots, h.suspect_snapshots, h.failed_attempts
      from parts as h
      where h.zone = '*'
    ) as a
    cross join venue as v
    group by a.marketplace, a.hour_at, v.timezone
  ),

  coverage as materialized (
    select
      a.marketplace, a.bucket_at, sum(a.snapshots)::integer as snapshots, sum(a.suspect_snapshots)::integer as suspect_snapshots,
      sum(a.failed_attempts)::integer as failed_attempts, max(a.hour_at) filter (where a.snapshots > 0) as last_hour_at,
      -- An hour that lies in two buckets counts in that of its first part with a capture.
      (count(*) filter (where a.snapshots > 0 and a.hour_at = a.first_at))::integer as hours_covered
    from (
      select
        t.*,
        min(t.hour_at) filter (where t.snapshots > 0)
          over (partition by t.marketplace, date_bin('1 hour', t.hour_at, timestamptz '2000-01-01 00:00+00')) as first_at
      from attempted as t
    ) as a
    group by a.marketplace, a.bucket_at
  ),

  own as materialized (
    select bucket_start(h.hour_at, p_bucket, v.timezone, p_aligned_at) as bucket_at, h.*
    from (
      select
        h.marketplace, h.currency, h.fee_basis, h.hour_at, h.listings, h.tickets, h.observations, h.sum_price, h.floor_price,
        h.low_floor_price, h.high_floor_price, h.open_price, h.high_price, h.low_price, h.close_price, h.min_price, h.p25_price,
        h.median_price, h.p75_price, h.max_price, h.get_in_1_price, h.get_in_2_price, h.get_in_3_price, h.get_in_4_price,
        h.get_in_5_price, h.get_in_6_price, h.get_in_7_price, h.get_in_8_price
      from hourly_prices as h
      where
        h.event_id = p_event_id and (p_marketplace is null or h.marketplace = p_marketplace) and h.zone = p_zone
        and h.hour_at >= p_from and h.hour_at < p_until and h.hour_at <> all(p_split_hours)
      union all
      select
        h.marketplace, h.currency, h.fee_basis, h.hour_at, h.listings, h.tickets, h.observations, h.sum_price, h.floor_price,
        h.low_floor_price, h.high_floor_price, h.open_price, h.high_price, h.low_price, h.close_price, h.min_price, h.p25_price,
        h.median_price, h.p75_price, h.max_price, h.get_in_1_price, h.get_in_2_price, h.get_in_3_price, h.get_in_4_price,
        h.get_in_5_price, h.get_in_6_price, h.get_in_7_price, h.get_in_8_price
      from parts as h
      where h.zone = p_zone
    ) as h
    cross join venue as v
  ),

  -- Hours without a listing have the last known currency, or XXX: they make a series only where nothing else does.
  priced as (
    select o.marketplace, o.currency, o.fee_basis, min(o.bucket_at) as first_at, max(o.bucket_at) as last_at
    from own as o
    where o.observations > 0
    group by o.marketplace, o.currency, o.fee_basis
    union all
    (
      select distinct on (o.marketplace) o.marketplace, o.currency, o.fee_basis, o.bucket_at as first_at, o.bucket_at as last_at
      from own as o
      where
        not exists (
          select from own as x
          where x.marketplace = o.marketplace and x.observations > 0
        )
      order by o.marketplace asc, o.currency = 'XXX', o.hour_at desc
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
  ),

  filled as (
    select c.marketplace, c.bucket_at
    from coverage as c
    union
    select b.marketplace, g.starts_at
    from (
      select c.marketplace, min(c.bucket_at) as first_at from coverage as c
      group by c.marketplace
    ) as b
    cross join venue as v
    cross join
      lateral (
        select t.starts_at
        from generate_series(b.first_at, v.filled_until, greatest(p_bucket, interval '1 hour')) as t (starts_at)
        where p_aligned_at is not null or p_bucket <= interval '1 hour'
        union all
        select t.local_at at time zone v.timezone as starts_at
        from
          generate_series(b.first_at at time zone v.timezone, v.filled_until at time zone v.timezone, p_bucket) as t (local_at)
        where p_aligned_at is null and p_bucket > interval '1 hour'
      ) as g
    where g.starts_at < v.filled_until
  ),

  buckets as (
    select
      o.marketplace, o.currency, o.fee_basis, o.bucket_at, min(o.low_floor_price) as low_floor_price,
      max(o.high_floor_price) as high_floor_price,
      (array_agg(o.open_price order by o.hour_at) filter (where o.open_price is not null))[1] as open_price,
      max(o.high_price) as high_price, min(o.low_price) as low_price,
      (array_agg(o.close_price order by o.hour_at desc) filter (where o.close_price is not null))[1] as close_price,
      min(o.min_price) as min_price, (sum(o.sum_price) / nullif(sum(o.observations), 0))::numeric(12, 2) as mean_price,
      max(o.max_price) as max_price
    from own as o
    group by o.marketplace, o.currency, o.fee_basis, o.bucket_at
  )

  select
    s.marketplace, nullif(s.currency, 'XXX'), case when s.currency <> 'XXX' then s.fee_basis end, f.bucket_at,
    case when c.snapshots > 0 then coalesce(l.listings, 0) end, case when c.snapshots > 0 then coalesce(l.tickets, 0) end,
    coalesce(c.snapshots, 0), coalesce(c.suspect_snapshots, 0), coalesce(c.failed_attempts, 0), coalesce(c.hours_covered, 0),
    l.floor_price, b.low_floor_price, b.high_floor_price,
    array[
      l.get_in_1_price, l.get_in_2_price, l.get_in_3_price, l.get_in_4_price, l.get_in_5_price, l.get_in_6_price,
      l.get_in_7_price, l.get_in_8_price
    ],
    b.open_price, b.high_price, b.low_price, b.close_price, b.min_price, l.p25_price, l.median_price, l.p75_price,
    b.mean_price, b.max_price
  from series as s
  inner join filled as f on f.marketplace = s.marketplace and f.bucket_at >= s.begins_at and f.bucket_at < s.ends_at
  left join coverage as c on c.marketplace = f.marketplace and c.bucket_at = f.bucket_at
  left join buckets as b
    on
      b.marketplace = s.marketplace and b.currency = s.currency and b.fee_basis = s.fee_basis and b.bucket_at = f.bucket_at
  left join own as l
    on
      l.marketplace = s.marketplace and l.currency = s.currency and l.fee_basis = s.fee_basis and l.hour_at = c.last_hour_at
  order by s.marketplace, s.currency, s.fee_basis, f.bucket_at;
end;
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
  p_timezone text default null
)
returns table (
  marketplace text, currency text, fee_basis text, at timestamptz, value numeric, snapshots integer,
  suspect_snapshots integer, failed_attempts integer
)
language sql stable parallel safe
begin atomic
  select
    h.marketplace, h.currency, h.fee_basis, h.bucket_at,
    case p_measure
      when 'floor' then h.floor_price when 'get_in' then h.get_in_prices[p_together] when 'median' then h.median_price
    end,
    h.snapshots, h.suspect_snapshots, h.failed_attempts
  from price_history(p_event_id, p_from, p_until, p_bucket, p_zone, p_marketplace, p_timezone) as h;
end;
comment on function price_trend is
'one price of an event over time, as price_history: p_measure is floor, get_in (for p_together) or median; null: no data, or no price';

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
