-- The questions about now, as functions: what is for sale, across marketplaces, for all events, and how far to trust it.
-- Each body is parsed here (begin atomic), so that it needs no search path, and is one select, which the planner inlines.

-- The prices of one capture, from its listings: the same arithmetic as that of hourly_prices. A caller pays for the columns
-- that it reads.
create function capture_prices(p_event_id bigint, p_marketplace text, p_captured_at timestamptz)
returns table (
  currency text, fee_basis text, listings integer, tickets integer, floor_price numeric, listings_near_floor integer,
  tickets_near_floor integer, get_in_1_price numeric, get_in_2_price numeric, get_in_3_price numeric, get_in_4_price numeric,
  get_in_5_price numeric, get_in_6_price numeric, get_in_7_price numeric, get_in_8_price numeric, p25_price numeric,
  median_price numeric, p75_price numeric
)
language sql stable
begin atomic
  select
    g.currency, g.fee_basis, g.listings, g.tickets, g.floor_price,
    (
      select count(*)::integer
      from unnest(g.prices) as n (price)
      where n.price between g.floor_price and 1.15 * g.floor_price
    ),
    (
      select coalesce(sum(n.quantity), 0)::integer
      from unnest(g.prices, g.quantities) as n (price, quantity)
      where n.price between g.floor_price and 1.15 * g.floor_price
    ),
    g.get_in_1_price, g.get_in_2_price, g.get_in_3_price, g.get_in_4_price, g.get_in_5_price, g.get_in_6_price,
    g.get_in_7_price, g.get_in_8_price,
    (g.p25_cents::numeric / 100)::numeric(12, 2), (g.median_cents::numeric / 100)::numeric(12, 2),
    (g.p75_cents::numeric / 100)::numeric(12, 2)
  from (
    select
      r.currency, r.fee_basis, count(*)::integer as listings, sum(r.quantity)::integer as tickets,
      min(r.price) filter (where r.third <= 1.15 * r.price) as floor_price,
      array_agg(r.price) as prices, array_agg(r.quantity) as quantities,
      min(r.price) filter (where can_sell(r.quantity, r.splits, 1)) as get_in_1_price,
      min(r.price) filter (where can_sell(r.quantity, r.splits, 2)) as get_in_2_price,
      min(r.price) filter (where can_sell(r.quantity, r.splits, 3)) as get_in_3_price,
      min(r.price) filter (where can_sell(r.quantity, r.splits, 4)) as get_in_4_price,
      min(r.price) filter (where can_sell(r.quantity, r.splits, 5)) as get_in_5_price,
      min(r.price) filter (where can_sell(r.quantity, r.splits, 6)) as get_in_6_price,
      min(r.price) filter (where can_sell(r.quantity, r.splits, 7)) as get_in_7_price,
      min(r.price) filter (where can_sell(r.quantity, r.splits, 8)) as get_in_8_price,
      -- percentile_cont takes no numeric: whole cents as floats are exact, and so are their quarters.
      percentile_cont(0.25) within group (order by (r.price * 100)::double precision) as p25_cents,
      percentile_cont(0.5) within group (order by (r.price * 100)::double precision) as median_cents,
      percentile_cont(0.75) within group (order by (r.price * 100)::double precision) as p75_cents
    from (
      select
        l.currency, l.fee_basis, l.quantity, l.splits, l.price,
        lead(l.price, 2) over (partition by l.currency, l.fee_basis order by l.price) as third
      from listings as l
      where
        l.event_id = p_event_id and l.marketplace = p_marketplace and l.captured_at = p_captured_at and l.admission = 'seat'
    ) as r
    group by r.currency, r.fee_basis
  ) as g;
end;
comment on function capture_prices is
'seats of one capture by currency and fee basis: floor, quartiles, get-in prices for 1 to 8 together, per ticket';

create function market_health(p_at timestamptz default now())
returns table (
  event_id bigint, marketplace text, health text, reason text, captured_at timestamptz, newest_at timestamptz,
  failed_attempts integer, poll_interval interval, paused_until timestamptz
)
language sql stable
begin atomic
  select
    j.event_id, j.marketplace, j.health,
    case j.health
      when 'never seen' then coalesce(j.last_error, 'no attempt has ended yet')
      when 'paused' then coalesce(j.pause_reason, 'the marketplace asked to wait')
      when 'stale' then coalesce(j.last_error, 'nothing has been tried since')
      when 'unreadable' then format('none of %s listings could be read', j.received)
      when 'suspect' then case when j.is_disputed then 'not the announced totals' else 'far fewer listings than before' end
      when 'failing' then coalesce(j.last_error, 'the attempt was given up')
    end,
    j.captured_at, j.newest_at, j.failed_attempts, j.poll_interval, j.paused_until
  from (
    select
      p.event_id, p.marketplace, p.poll_interval, t.captured_at, n.captured_at as newest_at, n.received,
      cardinality(n.checksum_problems) > 0 as is_disputed, a.failed_attempts, a.last_error, b.paused_until,
      b.reason as pause_reason,
      case
        when e.event_at <= p_at then 'over'
        when not e.is_tracked or s.event_id is null then 'untracked'
        when b.paused_until > p_at then 'paused'
        when n.captured_at is null then 'never seen'
        when n.captured_at + 2 * coalesce(p.poll_interval, interval '12 hours') + interval '5 minutes' < p_at then 'stale'
        when n.is_suspect and n.accepted + n.set_aside = 0 and n.received > 0 then 'unreadable'
        when n.is_suspect then 'suspect'
        when a.failed_attempts > 0 then 'failing'
        else 'ok'
      end as health
    from poll_schedule as p
    inner join events as e on e.event_id = p.event_id
    left join event_sources as s on s.event_id = p.event_id and s.marketplace = p.marketplace and s.is_current
    left join lateral (
      select
        case when k.state <> 'closed' or k.asked_until > p_at then k.reason end as reason,
        -- A pause that began after p_at says nothing about it.
        greatest(
          case when k.state <> 'closed' and coalesce(k.opened_at, p_at) <= p_at then k.open_until end, k.asked_until
        ) as paused_until
      from breaker_state as k
      where k.marketplace = p.marketplace
    ) as b on true
    left join lateral (
      select x.captured_at, x.received, x.accepted, x.set_aside, x.is_suspect, x.checksum_problems
      from snapshots as x
      where x.event_id = p.event_id and x.marketplace = p.marketplace and x.captured_at <= p_at
      order by x.captured_at desc
      limit 1
    ) as n on true
    left join lateral (
      select x.captured_at
      from snapshots as x
      where x.event_id = p.event_id and x.marketplace = p.marketplace and x.captured_at <= p_at and not x.is_suspect
      order by x.captured_at desc
      limit 1
    ) as t on true
    cross join
      lateral (
        select count(*)::integer as failed_attempts, (array_agg(y.error order by y.finished_at desc))[1] as last_error
        from fetch_attempts as y
        where
          y.event_id = p.event_id and y.marketplace = p.marketplace and y.finished_at <= p_at
          and y.finished_at > coalesce(t.captured_at, timestamptz '-infinity') and y.outcome not in ('ok', 'empty')
      ) as a
    where has_listings(p.marketplace)
  ) as j;
end;
comment on function market_health is
'one row per event and marketplace with listings, as of p_at: its last trusted capture (captured_at) and newest capture (newest_at), '
'failed attempts since the trusted one, and in one word how far to trust them (health), with the reason';

create function market_now(p_event_id bigint, p_at timestamptz default now())
returns table (
  marketplace text, health text, reason text, captured_at timestamptz, newest_at timestamptz, failed_attempts integer,
  poll_interval interval, paused_until timestamptz, currency text, fee_basis text, listings integer, tickets integer,
  floor_price numeric, listings_near_floor integer, tickets_near_floor integer, get_in_prices numeric[],
  p25_price numeric, median_price numeric, p75_price numeric
)
language sql stable
begin atomic
  select
    h.marketplace, h.health, h.reason, h.captured_at, h.newest_at, h.failed_attempts, h.poll_interval, h.paused_until,
    c.currency, c.fee_basis, case when h.captured_at is not null then coalesce(c.listings, 0) end,
    case when h.captured_at is not null then coalesce(c.tickets, 0) end, c.floor_price, c.listings_near_floor,
    c.tickets_near_floor,
    array[
      c.get_in_1_price, c.get_in_2_price, c.get_in_3_price, c.get_in_4_price, c.get_in_5_price, c.get_in_6_price,
      c.get_in_7_price, c.get_in_8_price
    ],
    c.p25_price, c.median_price, c.p75_price
  from market_health(p_at) as h
  left join lateral capture_prices(h.event_id, h.marketplace, h.captured_at) as c on true
  where h.event_id = p_event_id;
end;
comment on function market_now is
'what is for sale of one event, from the last trusted capture of each marketplace: one row per marketplace, currency and fee basis; '
'no currency: the market is empty (0 listings) or was never seen (null)';

create function spread(p_event_id bigint, p_together integer default 1, p_at timestamptz default now())
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
      when p_together not between 1 and 8 then 'get-in prices are known for 1 to 8 together'
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
      where h.event_id = p_event_id
    ) as w
    window cheapest_first as (partition by w.currency order by w.get_in_price nulls last, w.marketplace)
  ) as g
  order by g.currency is null asc, g.markets desc, g.currency asc, g.get_in_price asc nulls last, g.marketplace asc;
end;
comment on function spread is
'one event across marketplaces, all fees in: get-in price for p_together and its difference from the cheapest marketplace in the same '
'currency; marketplaces are never added up; obstacle: why a marketplace has no price';

create function overview(p_at timestamptz default now())
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
    m.floor_price, m.get_in_1_price, m.get_in_2_price, d.last_captured_at as day_ago_at, d.floor_price as day_ago_floor_price,
    w.last_captured_at as week_ago_at, w.floor_price as week_ago_floor_price,
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
  left join lateral (
    select p.last_captured_at, p.floor_price
    from hourly_prices as p
    where
      p.event_id = h.event_id and p.marketplace = h.marketplace and p.zone = '*' and p.currency = m.currency
      and p.fee_basis = m.fee_basis and p.floor_price is not null
      and p.hour_at between h.captured_at - interval '2 days' and h.captured_at - interval '1 day'
      and p.last_captured_at <= h.captured_at - interval '1 day'
    order by p.hour_at desc
    limit 1
  ) as d on true
  left join lateral (
    select p.last_captured_at, p.floor_price
    from hourly_prices as p
    where
      p.event_id = h.event_id and p.marketplace = h.marketplace and p.zone = '*' and p.currency = m.currency
      and p.fee_basis = m.fee_basis and p.floor_price is not null
      and p.hour_at between h.captured_at - interval '8 days' and h.captured_at - interval '7 days'
      and p.last_captured_at <= h.captured_at - interval '7 days'
    order by p.hour_at desc
    limit 1
  ) as w on true
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
comment on function overview is
'one row per tracked event, marketplace, currency and fee basis: prices of the last trusted capture, the floor of the last '
'hour at least a day (a week) before it and at most a day older, and how far to trust it (health, reason)';
