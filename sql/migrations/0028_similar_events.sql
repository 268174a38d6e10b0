-- The way to an event by whole days before its start, beside that of past events of the same kind, as functions.
-- Each body is parsed here (begin atomic), so that it needs no search path, and is one select, which the planner inlines.

create function days_to_event(p_event_at timestamptz, p_hour_at timestamptz) returns integer
language sql immutable parallel safe
return ceil(extract(epoch from p_event_at - p_hour_at) / 86400)::integer - 1;
comment on function days_to_event is
'whole days from an hour to the start of an event: 0 in the last 24 hours, n in the 24 hours that end n times 24 hours before the start';

create function get_in_curve(
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
  where e.event_id = p_event_id
  order by h.marketplace, h.currency, h.fee_basis, h.bucket_at;
end;
comment on function get_in_curve is
'prices of one event by whole days to its start (see days_to_event), of at most p_days before it and until p_at, as of the last hour '
'of each day with a trusted capture';

create function last_floors(p_event_id bigint, p_marketplace text, p_from timestamptz, p_until timestamptz)
returns table (hour_at timestamptz, currency text, fee_basis text, floor_price numeric, tickets integer)
language sql stable parallel safe
begin atomic
  select h.hour_at, h.currency, h.fee_basis, h.floor_price, h.tickets
  from (
    select x.hour_at
    from hourly_prices as x
    where
      x.event_id = p_event_id and x.marketplace = p_marketplace and x.zone = '*' and x.snapshots > 0
      and x.hour_at >= p_from and x.hour_at < p_until
    order by x.hour_at desc
    limit 1
  ) as t
  inner join hourly_prices as h
    on h.event_id = p_event_id and h.marketplace = p_marketplace and h.zone = '*' and h.hour_at = t.hour_at
  where h.floor_price is not null;
end;
comment on function last_floors is
'the floors of the whole event in the last hour of [p_from, p_until) that has a trusted capture, by currency and fee basis';

create function floor_now(
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
  where e.event_id = p_event_id and (p_marketplace is null or s.marketplace = p_marketplace);
end;
comment on function floor_now is
'the floor of an event in the last hour with a trusted capture, at most 24 hours before p_at, and the floor on its reference day: the '
'first day, from p_reference_days before the start on, on which it has one in the same currency and fee basis; null: none before now. '
'kind: its group, else its venue';

create function similar_floors(
  p_event_id bigint, p_at timestamptz default now(), p_reference_days integer default 30, p_marketplace text default null,
  p_day integer default null
)
returns table (
  marketplace text, currency text, fee_basis text, similar_event_id bigint, days_to_event integer, floor_price numeric,
  reference_floor_price numeric, ratio numeric
)
language sql stable parallel safe
begin atomic
  select
    n.marketplace, n.currency, n.fee_basis, s.event_id, g.day, f.floor_price, r.floor_price as reference_floor_price,
    round(f.floor_price / r.floor_price, 4)
  from floor_now(p_event_id, p_at, p_reference_days, p_marketplace) as n
  cross join
    lateral (
      select e.event_id, e.event_at
      from events as e
      where lower(coalesce(e.event_group, e.venue)) = n.kind and e.event_id <> p_event_id and e.event_at <= p_at
      order by e.event_at desc
      limit 100
    ) as s
  cross join
    lateral (
      select x.currency, x.floor_price
      from
        last_floors(
          s.event_id, n.marketplace, s.event_at - (n.reference_day + 1) * interval '24 hours',
          s.event_at - n.reference_day * interval '24 hours'
        ) as x
      where x.fee_basis = n.fee_basis
      order by x.tickets desc, x.currency asc
      limit 1
    ) as r
  cross join generate_series(coalesce(p_day, 0), coalesce(p_day, n.reference_day)) as g (day)
  cross join
    lateral last_floors(
      s.event_id, n.marketplace, s.event_at - (g.day + 1) * interval '24 hours', s.event_at - g.day * interval '24 hours'
    ) as f
  where f.currency = r.currency and f.fee_basis = n.fee_basis;
end;
comment on function similar_floors is
'the floors of similar events, which are the 100 newest past ones of the same kind, from the reference day of the event (see floor_now) '
'to their start, or on p_day alone; ratio: to their floor of the reference day. One currency each, and the fee basis of the event';

create function percentile_of_now(
  p_event_id bigint, p_at timestamptz default now(), p_reference_days integer default 30, p_marketplace text default null
)
returns table (
  marketplace text, currency text, fee_basis text, days_to_event integer, floor_price numeric, reference_day integer,
  reference_floor_price numeric, ratio numeric, events integer, percentile integer
)
language sql stable parallel safe
begin atomic
  select
    n.marketplace, n.currency, n.fee_basis, n.days_to_event, n.floor_price, n.reference_day, n.reference_floor_price,
    round(n.floor_price / n.reference_floor_price, 4), s.events, case when s.events >= 5 then s.percentile end
  from floor_now(p_event_id, p_at, p_reference_days, p_marketplace) as n
  cross join
    lateral (
      select
        count(*)::integer as events,
        round(avg(
          case sign(x.ratio - round(n.floor_price / n.reference_floor_price, 4)) when -1 then 100 when 0 then 50 else 0 end
        ))::integer as percentile
      from similar_floors(p_event_id, p_at, p_reference_days, n.marketplace, n.days_to_event) as x
      where x.currency = n.currency and x.fee_basis = n.fee_basis
    ) as s
  order by n.marketplace, n.currency, n.fee_basis;
end;
comment on function percentile_of_now is
'the floor of an event now by that of its reference day (ratio; see floor_now), among past events of the same kind as many days '
'before their start: the percentage of them with a smaller ratio, equal ones counting half; null for fewer than 5 events';

create function floor_band(
  p_event_id bigint, p_at timestamptz default now(), p_reference_days integer default 30, p_marketplace text default null
)
returns table (
  marketplace text, currency text, fee_basis text, days_to_event integer, events integer, p10 numeric, p25 numeric, p50 numeric,
  p75 numeric, p90 numeric
)
language sql stable parallel safe
begin atomic
  select
    b.marketplace, b.currency, b.fee_basis, b.days_to_event, b.events, round(b.ratios[1]::numeric, 4), round(b.ratios[2]::numeric, 4),
    round(b.ratios[3]::numeric, 4), round(b.ratios[4]::numeric, 4), round(b.ratios[5]::numeric, 4)
  from (
    select
      x.marketplace, x.currency, x.fee_basis, x.days_to_event, count(*)::integer as events,
      percentile_cont(array[0.1, 0.25, 0.5, 0.75, 0.9]) within group (order by x.ratio::double precision) as ratios
    from similar_floors(p_event_id, p_at, p_reference_days, p_marketplace) as x
    group by x.marketplace, x.currency, x.fee_basis, x.days_to_event
    having count(*) >= 5
  ) as b
  order by b.marketplace asc, b.currency asc, b.fee_basis asc, b.days_to_event desc;
end;
comment on function floor_band is
'how floors of past events of the same kind moved, by days to the event: 10th to 90th percentile of their ratio to the floor of the '
'reference day (see floor_now), for days with at least 5 events; times reference_floor_price it is a band of prices';
