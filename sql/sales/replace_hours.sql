-- Build the estimated sales of hours anew from the pairs that overlap them: an hour has the share of a pair that it has of its
-- time. Parameters, arrays with one element per event and marketplace: event_ids, marketplaces, hours_from, hours_until (whole
-- hours); method. LONGEST_GAP_HOURS is at most 30 days. Idempotent. Rows: none.
-- What is implied, that these events and hours are meant, is written out: by it hours are read by index. Pairs are read by index,
-- source by source, whatever the planner thinks of joins (offset 0).
with spans as materialized (
  select u.*
  from unnest(%(event_ids)s::bigint[], %(marketplaces)s::text[], %(hours_from)s::timestamptz[], %(hours_until)s::timestamptz[])
    as u (event_id, marketplace, hours_from, hours_until)
),

shares as materialized (
  select
    s.event_id, s.marketplace, h.hour_at, d.estimates,
    extract(epoch from d.captured_at - d.previous_captured_at)::double precision as pair_seconds,
    extract(
      epoch from least(d.captured_at, h.hour_at + interval '1 hour') - greatest(d.previous_captured_at, h.hour_at)
    )::double precision as seconds
  from spans as s
  cross join
    lateral (
      select x.captured_at, x.previous_captured_at, x.estimates
      from sale_departures as x
      where
        x.event_id = s.event_id and x.marketplace = s.marketplace and x.captured_at > s.hours_from
        and x.captured_at < s.hours_until + interval '31 days' and x.previous_captured_at < s.hours_until
        and x.estimates is not null
      offset 0 -- noqa: AM09
    ) as d
  cross join
    lateral generate_series(
      greatest(s.hours_from, date_bin('1 hour', d.previous_captured_at, timestamptz '2000-01-01 00:00+00')),
      least(s.hours_until - interval '1 hour', d.captured_at - interval '1 microsecond'),
      interval '1 hour'
    ) as h (hour_at)
),

covered as (
  select
    event_id, marketplace, hour_at, least(3600, ceil(sum(seconds)))::integer as covered_seconds,
    avg(pair_seconds)::integer as polling_seconds
  from shares
  where seconds > 0
  group by event_id, marketplace, hour_at
),

built as (
  select
    x.event_id, x.marketplace, e.zone, x.hour_at, sum(e.tickets * x.seconds / x.pair_seconds) as tickets,
    sum(e.variance * x.seconds / x.pair_seconds) as variance, sum(e.error * x.seconds / x.pair_seconds) as error,
    case
      when count(distinct e.currency) <= 1 and not bool_or(e.value is null) then sum(e.value * x.seconds / x.pair_seconds)
    end as value,
    case when count(distinct e.currency) = 1 and not bool_or(e.value is null) then min(e.currency) end as currency
  from shares as x
  cross join
    lateral jsonb_to_recordset(x.estimates)
      as e (
        zone text, tickets double precision, variance double precision, error double precision, value double precision,
        currency text
      )
  where x.seconds > 0
  group by x.event_id, x.marketplace, e.zone, x.hour_at
),

deleted as (
  delete from estimated_sales as s
  using spans as u
  where
    s.event_id = u.event_id and s.marketplace = u.marketplace and s.hour_at >= u.hours_from and s.hour_at < u.hours_until
    and s.event_id = any(%(event_ids)s::bigint[]) and s.hour_at >= (select min(x.hours_from) from spans as x)
    and s.hour_at < (select max(x.hours_until) from spans as x)
    and not exists (
      select 1
      from built as b
      where b.event_id = s.event_id and b.marketplace = s.marketplace and b.zone = s.zone and b.hour_at = s.hour_at
    )
)

insert into estimated_sales (
  event_id, marketplace, zone, hour_at, tickets, variance, error, low_tickets, high_tickets, value, currency, covered_seconds,
  polling_seconds, method
)
select
  b.event_id, b.marketplace, b.zone, b.hour_at, round(b.tickets::numeric, 6), round(b.variance::numeric, 6),
  round(b.error::numeric, 6), round(sales_bound(b.tickets, b.variance, b.error, -1)::numeric, 6),
  round(sales_bound(b.tickets, b.variance, b.error, 1)::numeric, 6), round(b.value::numeric, 2), b.currency,
  c.covered_seconds, c.polling_seconds, %(method)s
from built as b
inner join covered as c on c.event_id = b.event_id and c.marketplace = b.marketplace and c.hour_at = b.hour_at
on conflict (event_id, marketplace, zone, hour_at) do update
  set
    tickets = excluded.tickets, variance = excluded.variance, error = excluded.error, low_tickets = excluded.low_tickets,
    high_tickets = excluded.high_tickets, value = excluded.value, currency = excluded.currency,
    covered_seconds = excluded.covered_seconds, polling_seconds = excluded.polling_seconds, method = excluded.method
