-- An argument of a question that means nothing is an error, never an answer.

create function check_argument(p_holds boolean, p_message text) returns boolean
language plpgsql immutable parallel safe
as $$
begin
  if p_holds is not true then
    raise exception using errcode = 'invalid_parameter_value', message = p_message;
  end if;
  return true;
end
$$;
comment on function check_argument is 'true, or the error invalid_parameter_value (22023) with this message: an argument means nothing';

create function check_bucket(p_bucket interval) returns boolean
language sql immutable parallel safe
return check_argument(
  p_bucket >= interval '1 hour' and extract(epoch from p_bucket) % 3600 = 0 and extract(month from p_bucket) = 0
  and extract(year from p_bucket) = 0,
  'p_bucket is ' || coalesce(p_bucket::text, 'null') || ': give whole hours, days or weeks'
);
comment on function check_bucket is 'whether a bucket has whole hours, and no months, which have no length; else an error (22023)';

create or replace function bucket_starts(
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
  ) as b
  where check_bucket(p_bucket);
end;

create or replace function spread(p_event_id bigint, p_together integer default 1, p_at timestamptz default now())
returns table (
  currency text, marketplace text, health text, reason text, captured_at timestamptz, age interval, listings integer,
  tickets integer, floor_price numeric, get_in_price numeric, obstacle text, difference numeric, percent numeric,
  apart interval, is_too_far_apart boolean
)
language sql stable
begin atomic
  select
    g.currency, g.marketplace, g.health, g.reason, g.captured_at, p_at - g.captured_at, g.listings, g.tickets, g.floor_price,
    g.get_in_price,
    case
      when g.captured_at is null then 'no trusted capture yet'
      when g.currency is null then 'nothing is for sale with all fees in'
      when g.get_in_price is null then format('no listing sells %s together', p_together)
    end,
    g.get_in_price - g.cheapest_price, round(100 * (g.get_in_price - g.cheapest_price) / g.cheapest_price, 1), g.apart,
    g.apart > greatest(coalesce(g.poll_interval, interval '12 hours'), coalesce(g.cheapest_interval, interval '12 hours'))
  from (
    select
      w.*, first_value(w.get_in_price) over cheapest_first as cheapest_price,
      first_value(w.poll_interval) over cheapest_first as cheapest_interval,
      greatest(
        w.captured_at - first_value(w.captured_at) over cheapest_first,
        first_value(w.captured_at) over cheapest_first - w.captured_at
      ) as apart,
      count(w.get_in_price) over (partition by w.currency) as markets
    from (
      select
        h.marketplace, h.health, h.reason, h.captured_at, h.poll_interval, c.currency, c.listings, c.tickets, c.floor_price,
        (array[
          c.get_in_1_price, c.get_in_2_price, c.get_in_3_price, c.get_in_4_price, c.get_in_5_price, c.get_in_6_price,
          c.get_in_7_price, c.get_in_8_price
        ])[p_together] as get_in_price
      from market_health(p_at) as h
      left join lateral capture_prices(h.event_id, h.marketplace, h.captured_at) as c on c.fee_basis = 'all_in'
      where
        h.event_id = p_event_id
        and check_argument(
          p_together between 1 and 8, format('p_together is %s: get-in prices are known for 1 to 8', coalesce(p_together::text, 'null'))
        )
    ) as w
    window cheapest_first as (partition by w.currency order by w.get_in_price nulls last, w.marketplace)
  ) as g
  order by g.currency is null asc, g.markets desc, g.currency asc, g.get_in_price asc nulls last, g.marketplace asc;
end;

create or replace function market_depth(
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
        where
          can_sell(s.quantity, s.splits, p_together)
          and check_argument(p_together >= 1, format('p_together is %s: give 1 or more', coalesce(p_together::text, 'null')))
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

create or replace function comparables(
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
      check_argument(p_together >= 1, format('p_together is %s: give 1 or more', coalesce(p_together::text, 'null')))
      and check_argument(
        p_neighbour_rows >= 0, format('p_neighbour_rows is %s: give 0 or more', coalesce(p_neighbour_rows::text, 'null'))
      )
      and check_argument(coalesce(p_ask > 0, true), format('p_ask is %s: give a price, or null', p_ask))
      and case r.ring
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

create or replace function get_in_curve(
  p_event_id bigint, p_days integer default 365, p_zone text default '*', p_marketplace text default null,
  p_at timestamptz default now()
)
returns table (
  marketplace text, currency text, fee_basis text, days_to_event integer, floor_price numeric, get_in_prices numeric[],
  median_price numeric, tickets integer, listings integer, snapshots integer, suspect_snapshots integer,
  failed_attempts integer
)
language sql stable parallel safe
begin atomic
  select
    h.marketplace, h.currency, h.fee_basis, days_to_event(e.event_at, h.bucket_at), h.floor_price,
    h.get_in_prices, h.median_price, h.tickets, h.listings, h.snapshots, h.suspect_snapshots, h.failed_attempts
  from events as e
  cross join
    lateral closing_prices(
      e.event_id, e.event_at - p_days * interval '24 hours', least(e.event_at, p_at), '24 hours', p_zone, p_marketplace, 'UTC',
      e.event_at
    ) as h
  where
    e.event_id = p_event_id
    and check_argument(p_days >= 1, format('p_days is %s: give 1 or more', coalesce(p_days::text, 'null')))
  order by h.marketplace, h.currency, h.fee_basis, h.bucket_at;
end;

create or replace function floor_now(
  p_event_id bigint, p_at timestamptz default now(), p_reference_days integer default 30, p_marketplace text default null
)
returns table (
  marketplace text, currency text, fee_basis text, days_to_event integer, floor_price numeric, reference_day integer,
  reference_floor_price numeric, kind text, event_at timestamptz
)
language sql stable parallel safe
begin atomic
  select
    s.marketplace,
    f.currency,
    f.fee_basis,
    days_to_event(e.event_at, f.hour_at),
    f.floor_price,
    r.day,
    r.floor_price as reference_floor_price,
    lower(coalesce(e.event_group, e.venue)), e.event_at
  from events as e
  cross join
    lateral (
      select distinct x.marketplace
      from event_sources as x
      where x.event_id = e.event_id
    ) as s
  cross join lateral last_floors(e.event_id, s.marketplace, p_at - interval '24 hours', least(p_at, e.event_at)) as f
  left join lateral (
    select g.day, p.floor_price
    from generate_series(p_reference_days, days_to_event(e.event_at, f.hour_at) + 1, -1) as g (day)
    cross join
      lateral last_floors(
        e.event_id, s.marketplace, e.event_at - (g.day + 1) * interval '24 hours', e.event_at - g.day * interval '24 hours'
      ) as p
    where p.currency = f.currency and p.fee_basis = f.fee_basis
    order by g.day desc
    limit 1
  ) as r on true
  where
    e.event_id = p_event_id and (p_marketplace is null or s.marketplace = p_marketplace)
    and check_argument(
      p_reference_days >= 1, format('p_reference_days is %s: give 1 or more', coalesce(p_reference_days::text, 'null'))
    );
end;

create or replace function estimated_sales(
  p_event_id bigint, p_from timestamptz, p_until timestamptz, p_bucket interval default '1 hour', p_zone text default '*',
  p_marketplace text default null, p_timezone text default null
)
returns table (
  marketplace text, bucket_at timestamptz, tickets numeric, low_tickets numeric, high_tickets numeric, value numeric,
  currency text, hours_covered numeric, polling_interval interval
)
language sql stable parallel safe
begin atomic
  select
    x.marketplace, x.bucket_at, x.tickets, sales_bound(x.tickets, x.variance, x.error, -1),
    sales_bound(x.tickets, x.variance, x.error, 1), x.value, x.currency, x.hours_covered, x.polling_interval
  from (
    -- Hours of the whole event say what is covered: a zone has no row where nothing left it.
    select
      s.marketplace, bucket_start(s.hour_at, p_bucket, coalesce(p_timezone, e.timezone), null) as bucket_at,
      coalesce(sum(z.tickets), 0) as tickets, coalesce(sum(z.variance), 0) as variance, coalesce(sum(z.error), 0) as error,
      case
        when count(distinct z.currency) <= 1 and count(z.value) = count(z.hour_at) then coalesce(sum(z.value), 0)
      end as value,
      case when count(distinct z.currency) = 1 then min(z.currency) end as currency,
      round(sum(s.covered_seconds) / 3600.0, 2) as hours_covered,
      make_interval(secs => round(sum(s.polling_seconds * s.covered_seconds) / sum(s.covered_seconds))::double precision)
        as polling_interval
    from estimated_sales as s
    inner join events as e on e.event_id = s.event_id
    left join estimated_sales as z
      on z.event_id = s.event_id and z.marketplace = s.marketplace and z.hour_at = s.hour_at and z.zone = p_zone
    where
      s.event_id = p_event_id and s.zone = '*' and s.hour_at >= p_from and s.hour_at < p_until
      and (p_marketplace is null or s.marketplace = p_marketplace) and check_bucket(p_bucket)
    group by s.marketplace, 2
  ) as x
  order by x.marketplace, x.bucket_at;
end;

create or replace function sales_bound(p_tickets numeric, p_variance numeric, p_error numeric, p_side integer) returns numeric
language sql immutable parallel safe
return case
  when p_side not in (-1, 1) then check_argument(false, 'p_side is ' || p_side || ': give -1 or 1')::integer
  when p_tickets <= 0 or p_variance + p_error ^ 2 <= 0 then greatest(p_tickets, 0)
  else
    p_tickets * greatest(
      0,
      1 - (p_variance + p_error ^ 2) / (9 * p_tickets ^ 2)
      + p_side * 1.2815515655446004 * sqrt((p_variance + p_error ^ 2) / (9 * p_tickets ^ 2))
    ) ^ 3
end;
