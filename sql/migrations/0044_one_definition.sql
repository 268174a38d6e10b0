-- What answers mean: changes of the floor have one definition, a lone ask is marked, and how much was sold has a function.

drop function price_trend(bigint, timestamptz, timestamptz, interval, text, integer, text, text, text, timestamptz[], jsonb);

create function price_trend(
  p_event_id bigint, p_from timestamptz, p_until timestamptz, p_bucket interval default '1 hour',
  p_measure text default 'floor', p_together integer default 1, p_zone text default '*', p_marketplace text default null,
  p_timezone text default null, p_split_hours timestamptz[] default '{}', p_parts jsonb default '[]'
)
returns table (
  marketplace text, currency text, fee_basis text, at timestamptz, value numeric, snapshots integer,
  suspect_snapshots integer, failed_attempts integer, hours_covered integer, has_prices boolean, is_thin boolean
)
language sql stable parallel safe
begin atomic
  select
    h.marketplace, h.currency, h.fee_basis, h.bucket_at,
    case p_measure
      when 'floor' then h.floor_price when 'get_in' then h.get_in_prices[p_together] when 'median' then h.median_price
    end,
    h.snapshots, h.suspect_snapshots, h.failed_attempts, h.hours_covered, h.has_prices,
    p_measure = 'get_in' and is_thin(h.get_in_prices[p_together], h.floor_price)
  from
    closing_prices(
      p_event_id, p_from, p_until, p_bucket, p_zone, p_marketplace, p_timezone, null, p_split_hours, p_parts
    ) as h
  where
    check_argument(
      p_measure in ('floor', 'get_in', 'median'),
      format('p_measure is %s: give floor, get_in or median', coalesce(p_measure, 'null'))
    )
    and check_argument(
      p_together between 1 and 8, format('p_together is %s: get-in prices are known for 1 to 8', coalesce(p_together::text, 'null'))
    );
end;
comment on function price_trend is
'one price of an event over time, as closing_prices: p_measure is floor, get_in (for p_together) or median; null: no data, or no price; '
'has_prices: whether the bucket has any price of the series; is_thin: a get-in price that stands alone';

create function are_thin(get_in_prices numeric[], floor numeric) returns boolean[]
language sql immutable parallel safe
return array[
  is_thin(get_in_prices[1], floor), is_thin(get_in_prices[2], floor), is_thin(get_in_prices[3], floor),
  is_thin(get_in_prices[4], floor), is_thin(get_in_prices[5], floor), is_thin(get_in_prices[6], floor),
  is_thin(get_in_prices[7], floor), is_thin(get_in_prices[8], floor)
];
comment on function are_thin is 'is_thin of each get-in price, for 1 to 8 together.';

-- What a floor is compared with, in every place: that of the last hour with one that ended long enough ago.
create function floor_before(
  p_event_id bigint, p_marketplace text, p_zone text, p_currency text, p_fee_basis text, p_at timestamptz, p_ago interval
)
returns table (captured_at timestamptz, floor_price numeric)
language sql stable parallel safe
begin atomic
  select p.last_captured_at, p.floor_price
  from hourly_prices as p
  where
    p.event_id = p_event_id and p.marketplace = p_marketplace and p.zone = p_zone and p.currency = p_currency
    and p.fee_basis = p_fee_basis and p.floor_price is not null
    and p.hour_at between p_at - p_ago - interval '1 day' and p_at - p_ago
    and p.last_captured_at <= p_at - p_ago
  order by p.hour_at desc
  limit 1;
end;
comment on function floor_before is
'the floor of the last hour with one that ended at least p_ago before the capture p_at, and at most a day longer before it: what the '
'changes of overview, floor_changes and section_prices are from; no row: there was none';

create or replace function overview(p_at timestamptz default now())
returns table (
  event_id bigint, name text, venue text, timezone text, event_at timestamptz, days_to_event numeric, marketplace text, health text,
  reason text, captured_at timestamptz, newest_at timestamptz, failed_attempts integer, currency text, fee_basis text,
  listings integer, tickets integer, floor_price numeric, get_in_price numeric, get_in_2_price numeric,
  day_ago_at timestamptz, day_ago_floor_price numeric, week_ago_at timestamptz, week_ago_floor_price numeric,
  sold_tickets numeric, sold_low_tickets numeric, sold_high_tickets numeric, sold_hours numeric
)
language sql stable
begin atomic
  select
    e.event_id, e.name, e.venue, e.timezone, e.event_at, round(extract(epoch from e.event_at - p_at) / 86400, 2), h.marketplace,
    h.health, h.reason, h.captured_at, h.newest_at, h.failed_attempts, m.currency, m.fee_basis,
    case when h.captured_at is not null then coalesce(m.listings, 0) end,
    case when h.captured_at is not null then coalesce(m.tickets, 0) end,
    m.floor_price, m.get_in_1_price, m.get_in_2_price, d.captured_at as day_ago_at, d.floor_price as day_ago_floor_price,
    w.captured_at as week_ago_at, w.floor_price as week_ago_floor_price,
    k.tickets as sold_tickets,
    sales_bound(k.tickets, k.variance, k.error, -1) as sold_low_tickets,
    sales_bound(k.tickets, k.variance, k.error, 1) as sold_high_tickets, k.hours as sold_hours
  from events as e
  inner join market_health(p_at) as h on h.event_id = e.event_id
  left join lateral (
    -- The hour of the capture, where it is built and up to date; else the prices are computed from the listings.
    select min(p.hour_at) as hour_at
    from hourly_prices as p
    left join stale_prices as z
      on z.grain = 'hour' and z.starts_at = p.hour_at and z.event_id = p.event_id and z.marketplace = p.marketplace
    where
      p.event_id = h.event_id and p.marketplace = h.marketplace and p.zone = '*'
      and p.hour_at = date_bin('1 hour', h.captured_at, timestamptz '2000-01-01 00:00+00')
      and p.last_captured_at = h.captured_at and z.grain is null
  ) as built on true
  left join lateral (
    select p.currency, p.fee_basis, p.listings, p.tickets, p.floor_price, p.get_in_1_price, p.get_in_2_price
    from hourly_prices as p
    where
      p.event_id = h.event_id and p.marketplace = h.marketplace and p.zone = '*' and p.listings > 0
      and p.hour_at = built.hour_at
    union all
    select c.currency, c.fee_basis, c.listings, c.tickets, c.floor_price, c.get_in_1_price, c.get_in_2_price
    from capture_prices(h.event_id, h.marketplace, case when built.hour_at is null then h.captured_at end) as c
  ) as m on true
  left join
    lateral floor_before(h.event_id, h.marketplace, '*', m.currency, m.fee_basis, h.captured_at, interval '1 day') as d
    on true
  left join
    lateral floor_before(h.event_id, h.marketplace, '*', m.currency, m.fee_basis, h.captured_at, interval '7 days') as w
    on true
  left join lateral (
    select
      sum(q.tickets) as tickets, sum(q.variance) as variance, sum(q.error) as error,
      round(sum(q.covered_seconds) / 3600.0, 2) as hours
    from estimated_sales as q
    where
      q.event_id = h.event_id and q.marketplace = h.marketplace and q.zone = '*' and q.hour_at > p_at - interval '1 day'
      and q.hour_at <= p_at
  ) as k on true
  where e.is_tracked and h.health <> 'untracked'
  order by e.event_at <= p_at, e.event_at, e.event_id, h.marketplace, m.currency, m.fee_basis;
end;

create function floor_changes(
  p_event_id bigint, p_zone text default '*', p_marketplace text default null, p_at timestamptz default now()
)
returns table (
  marketplace text, zone text, currency text, fee_basis text, captured_at timestamptz, floor_price numeric,
  day_ago_at timestamptz, day_ago_floor_price numeric, week_ago_at timestamptz, week_ago_floor_price numeric
)
language sql stable
begin atomic
  select
    h.marketplace, n.zone, n.currency, n.fee_basis, h.captured_at, n.floor_price, d.captured_at as day_ago_at,
    d.floor_price as day_ago_floor_price, w.captured_at as week_ago_at, w.floor_price as week_ago_floor_price
  from market_health(p_at) as h
  inner join hourly_prices as n
    on
      n.event_id = h.event_id and n.marketplace = h.marketplace and n.zone = p_zone and n.listings > 0
      and n.hour_at = date_bin('1 hour', h.captured_at, timestamptz '2000-01-01 00:00+00')
  left join
    lateral floor_before(h.event_id, h.marketplace, n.zone, n.currency, n.fee_basis, h.captured_at, interval '1 day') as d
    on true
  left join
    lateral floor_before(h.event_id, h.marketplace, n.zone, n.currency, n.fee_basis, h.captured_at, interval '7 days') as w
    on true
  where h.event_id = p_event_id and (p_marketplace is null or h.marketplace = p_marketplace)
  order by h.marketplace, n.currency, n.fee_basis;
end;
comment on function floor_changes is
'the floor of a zone (*: the whole event) in the last hour with a trusted capture, and what it was a day and a week before that capture, '
'as in overview (see floor_before); prices must be up to date';

drop function section_prices(bigint, timestamptz, timestamptz, text);

create function section_prices(
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
  with last_hour as (
    select h.marketplace, max(h.hour_at) as hour_at, max(h.last_captured_at) as captured_at
    from hourly_prices as h
    where
      h.event_id = p_event_id and h.marketplace = any(v_marketplaces) and h.zone = '*' and h.snapshots > 0
      and h.hour_at >= p_from and h.hour_at < p_until
    group by h.marketplace
  ),

  zones as (
    select distinct h.marketplace, h.zone, h.currency, h.fee_basis
    from hourly_prices as h
    where
      h.event_id = p_event_id and h.marketplace = any(v_marketplaces) and h.observations > 0
      and h.hour_at >= p_from and h.hour_at < p_until
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
comment on function section_prices is
'prices and inventory of an event by zone (*: the whole event) in the last hour of [p_from, p_until) with a trusted capture, and '
'its floor as long before that as the span is (see floor_before); a zone that is sold out by then has 0 tickets and no price';

create function sell_through(
  p_event_id bigint, p_from timestamptz default now() - interval '7 days', p_until timestamptz default now(),
  p_zone text default '*', p_marketplace text default null
)
returns table (
  marketplace text, share numeric, low_share numeric, high_share numeric, tickets numeric, low_tickets numeric,
  high_tickets numeric, value numeric, currency text, hours_covered numeric, polling_interval interval, still_listed integer
)
language sql stable parallel safe
begin atomic
  with sums as (
    select
      s.marketplace, coalesce(sum(z.tickets), 0) as tickets, coalesce(sum(z.variance), 0) as variance,
      coalesce(sum(z.error), 0) as error,
      case when count(distinct z.currency) <= 1 and count(z.value) = count(z.hour_at) then coalesce(sum(z.value), 0) end as value,
      case when count(distinct z.currency) = 1 then min(z.currency) end as currency,
      round(sum(s.covered_seconds) / 3600.0, 2) as hours_covered,
      make_interval(secs => round(sum(s.polling_seconds * s.covered_seconds) / sum(s.covered_seconds))::double precision)
        as polling_interval
    from estimated_sales as s
    -- Hours of the whole event say what is covered: a zone has no row where nothing left it.
    left join estimated_sales as z
      on z.event_id = s.event_id and z.marketplace = s.marketplace and z.hour_at = s.hour_at and z.zone = p_zone
    where
      s.event_id = p_event_id and s.zone = '*' and s.hour_at >= p_from and s.hour_at < p_until
      and (p_marketplace is null or s.marketplace = p_marketplace)
    group by s.marketplace
  ),

  ends as (
    select h.marketplace, max(h.hour_at) as hour_at
    from hourly_prices as h
    where h.event_id = p_event_id and h.zone = '*' and h.snapshots > 0 and h.hour_at >= p_from and h.hour_at < p_until
    group by h.marketplace
  ),

  -- A zone that is absent from the last hour has none left.
  listed as (
    select e.marketplace, coalesce(sum(z.tickets), 0)::integer as tickets
    from ends as e
    left join hourly_prices as z
      on z.event_id = p_event_id and z.marketplace = e.marketplace and z.hour_at = e.hour_at and z.zone = p_zone
    group by e.marketplace
  ),

  sold as (
    select
      x.*, sales_bound(x.tickets, x.variance, x.error, -1) as low, sales_bound(x.tickets, x.variance, x.error, 1) as high,
      l.tickets as still_listed
    from sums as x
    left join listed as l on l.marketplace = x.marketplace
  )

  select
    s.marketplace, round(s.tickets / nullif(s.tickets + s.still_listed, 0), 4),
    round(s.low / nullif(s.low + s.still_listed, 0), 4), round(s.high / nullif(s.high + s.still_listed, 0), 4), s.tickets,
    s.low as low_tickets, s.high as high_tickets, s.value, s.currency, s.hours_covered, s.polling_interval, s.still_listed
  from sold as s
  order by s.marketplace;
end;
comment on function sell_through is
'how much of what was for sale in a span was probably sold, sold / (sold + still listed at its end), with the ends of its 80 % interval, '
'and the estimate as of estimated_sales; still_listed is null without a trusted capture in the span';
