-- Build the hourly prices of a span of whole hours from the stored captures and listings.
-- Parameters: starts_from, starts_until (whole hours, UTC). Run after delete_hourly in one transaction. Rows: none.
--
-- Only trusted captures make prices and counts; suspects and failed attempts are counted beside them. A zone that is
-- absent from a capture had 0 tickets in it. Grounds passes are a zone of their own and no part of the whole event (zone
-- *). Listings, tickets, floor and get-in prices for 1 to 8 together are those of the hour's last trusted capture; open,
-- high, low and close follow the get-in price for one. An hour that saw only failures, suspects or an empty market gets
-- one row for the whole event, with the last known currency (XXX, "no currency", where none was ever seen).
-- The numbers capture_id and hour_id stand for longer keys, which would be compared millions of times.
with captured as materialized (
  select
    s.event_id, s.marketplace, s.captured_at, s.is_suspect,
    -- A response of which nothing could be read counts once: as the failed attempt that it is.
    s.accepted = 0 and s.received > 0 and exists (
      select 1
      from fetch_attempts as a
      where
        a.event_id = s.event_id and a.marketplace = s.marketplace and a.finished_at = s.captured_at
        and a.outcome = 'bad_payload'
    ) as is_failed,
    date_bin('1 hour', s.captured_at, timestamptz '2000-01-01 00:00+00') as hour_at
  from snapshots as s
  where s.captured_at >= %(starts_from)s and s.captured_at < %(starts_until)s
),

failures as (
  select
    a.event_id, a.marketplace, date_bin('1 hour', a.finished_at, timestamptz '2000-01-01 00:00+00') as hour_at,
    count(*)::integer as failed_attempts
  from fetch_attempts as a
  where
    a.finished_at >= %(starts_from)s and a.finished_at < %(starts_until)s and a.outcome not in ('ok', 'empty')
    and has_listings(a.marketplace)
  group by 1, 2, 3
),

hours as materialized (
  select
    row_number() over () as hour_id, event_id, marketplace, hour_at, coalesce(c.snapshots, 0) as snapshots,
    coalesce(c.suspect_snapshots, 0) as suspect_snapshots, coalesce(f.failed_attempts, 0) as failed_attempts,
    c.first_captured_at, c.last_captured_at
  from (
    select
      event_id, marketplace, hour_at, count(*) filter (where not is_suspect)::integer as snapshots,
      count(*) filter (where is_suspect and not is_failed)::integer as suspect_snapshots,
      min(captured_at) filter (where not is_suspect) as first_captured_at,
      max(captured_at) filter (where not is_suspect) as last_captured_at
    from captured
    group by event_id, marketplace, hour_at
  ) as c
  full join failures as f using (event_id, marketplace, hour_at)
),

captures as materialized (
  select
    row_number() over () as capture_id, h.hour_id, c.event_id, c.marketplace, c.captured_at,
    c.captured_at = h.last_captured_at as is_last
  from captured as c
  inner join hours as h on h.event_id = c.event_id and h.marketplace = c.marketplace and h.hour_at = c.hour_at
  where not c.is_suspect
),

observed as materialized (
  select
    c.capture_id, c.hour_id, c.is_last, l.currency, l.fee_basis, l.admission = 'seat' as is_seat,
    -- A zone that is itself called * must not be taken for the whole event.
    case
      when l.admission = 'seat' then coalesce(nullif(l.zone, '*'), nullif(l.section, '*'), 'unknown')
      else 'Grounds'
    end as zone,
    l.quantity, l.splits, l.price
  from captures as c
  inner join listings as l
    on l.event_id = c.event_id and l.captured_at = c.captured_at and l.marketplace = c.marketplace
  where l.captured_at >= %(starts_from)s and l.captured_at < %(starts_until)s
),

-- The floor is the lowest price that has two more listings within 15 %% above it.
ranked as (
  select
    *, lead(price, 2) over (partition by capture_id, currency, fee_basis, zone order by price) <= 1.15 * price as is_zone_floor,
    lead(price, 2) over (partition by capture_id, currency, fee_basis, is_seat order by price) <= 1.15 * price as is_event_floor
  from observed
),

zone_captures as materialized (
  select
    capture_id, currency, fee_basis, zone, count(*)::integer as listings, sum(quantity)::integer as tickets,
    sum(price) as sum_price, min(price) as min_price, max(price) as max_price,
    min(price) filter (where is_zone_floor) as floor_price, min(price) filter (where is_event_floor) as event_floor_price,
    min(price) filter (where can_sell(quantity, splits, 1)) as get_in_1_price,
    min(price) filter (where is_last and can_sell(quantity, splits, 2)) as get_in_2_price,
    min(price) filter (where is_last and can_sell(quantity, splits, 3)) as get_in_3_price,
    min(price) filter (where is_last and can_sell(quantity, splits, 4)) as get_in_4_price,
    min(price) filter (where is_last and can_sell(quantity, splits, 5)) as get_in_5_price,
    min(price) filter (where is_last and can_sell(quantity, splits, 6)) as get_in_6_price,
    min(price) filter (where is_last and can_sell(quantity, splits, 7)) as get_in_7_price,
    min(price) filter (where is_last and can_sell(quantity, splits, 8)) as get_in_8_price
  from ranked
  group by capture_id, currency, fee_basis, zone
),

all_captures as (
  select
    capture_id, currency, fee_basis, zone, listings, tickets, sum_price, min_price, max_price, floor_price,
    get_in_1_price, get_in_2_price, get_in_3_price, get_in_4_price, get_in_5_price, get_in_6_price, get_in_7_price,
    get_in_8_price
  from zone_captures
  union all
  select
    capture_id, currency, fee_basis, '*', sum(listings)::integer, sum(tickets)::integer, sum(sum_price), min(min_price),
    max(max_price), min(event_floor_price),
    min(get_in_1_price), min(get_in_2_price), min(get_in_3_price), min(get_in_4_price), min(get_in_5_price),
    min(get_in_6_price), min(get_in_7_price), min(get_in_8_price)
  from zone_captures
  where zone <> 'Grounds'
  group by capture_id, currency, fee_basis
),

-- percentile_cont knows no numeric: whole cents as floats are exact, and so are their quarters.
quartiles as (
  select
    hour_id, currency, fee_basis, zone,
    percentile_cont(array[0.25, 0.5, 0.75]) within group (order by (price * 100)::double precision) as cents
  from observed
  group by hour_id, currency, fee_basis, zone
  union all
  select
    hour_id, currency, fee_basis, '*',
    percentile_cont(array[0.25, 0.5, 0.75]) within group (order by (price * 100)::double precision)
  from observed
  where is_seat
  group by hour_id, currency, fee_basis
),

priced as (
  select
    c.hour_id, p.zone, p.currency, p.fee_basis, count(*) as captures,
    coalesce(max(p.listings) filter (where c.is_last), 0) as listings,
    min(p.listings) as min_listings, max(p.listings) as max_listings,
    coalesce(max(p.tickets) filter (where c.is_last), 0) as tickets,
    min(p.tickets) as min_tickets, sum(p.tickets) as sum_tickets, max(p.tickets) as max_tickets,
    sum(p.listings)::integer as observations, sum(p.sum_price) as sum_price,
    max(p.floor_price) filter (where c.is_last) as floor_price, min(p.floor_price) as low_floor_price,
    max(p.floor_price) as high_floor_price,
    (array_agg(p.get_in_1_price order by c.captured_at) filter (where p.get_in_1_price is not null))[1] as open_price,
    max(p.get_in_1_price) as high_price,
    min(p.get_in_1_price) as low_price,
    (array_agg(p.get_in_1_price order by c.captured_at desc) filter (where p.get_in_1_price is not null))[1] as close_price,
    min(p.min_price) as min_price, max(p.max_price) as max_price,
    max(p.get_in_1_price) filter (where c.is_last) as get_in_1_price,
    max(p.get_in_2_price) filter (where c.is_last) as get_in_2_price,
    max(p.get_in_3_price) filter (where c.is_last) as get_in_3_price,
    max(p.get_in_4_price) filter (where c.is_last) as get_in_4_price,
    max(p.get_in_5_price) filter (where c.is_last) as get_in_5_price,
    max(p.get_in_6_price) filter (where c.is_last) as get_in_6_price,
    max(p.get_in_7_price) filter (where c.is_last) as get_in_7_price,
    max(p.get_in_8_price) filter (where c.is_last) as get_in_8_price
  from all_captures as p
  inner join captures as c on c.capture_id = p.capture_id
  group by c.hour_id, p.zone, p.currency, p.fee_basis
)

insert into hourly_prices (
  event_id, marketplace, zone, currency, fee_basis, hour_at, snapshots, suspect_snapshots, failed_attempts, listings,
  min_listings, mean_listings, max_listings, tickets, min_tickets, mean_tickets, max_tickets, sum_tickets, observations,
  sum_price, floor_price, low_floor_price, high_floor_price, open_price, high_price, low_price, close_price, min_price,
  p25_price, median_price, p75_price, mean_price, max_price, get_in_1_price, get_in_2_price, get_in_3_price,
  get_in_4_price, get_in_5_price, get_in_6_price, get_in_7_price, get_in_8_price, first_captured_at, last_captured_at
)
select
  h.event_id, h.marketplace, p.zone, p.currency, p.fee_basis, h.hour_at, h.snapshots, h.suspect_snapshots,
  h.failed_attempts, p.listings, case when p.captures < h.snapshots then 0 else p.min_listings end,
  p.observations::numeric / h.snapshots, p.max_listings, p.tickets,
  case when p.captures < h.snapshots then 0 else p.min_tickets end, p.sum_tickets::numeric / h.snapshots, p.max_tickets,
  p.sum_tickets, p.observations, p.sum_price, p.floor_price, p.low_floor_price, p.high_floor_price, p.open_price, p.high_price,
  p.low_price, p.close_price, p.min_price, q.cents[1]::numeric / 100, q.cents[2]::numeric / 100, q.cents[3]::numeric / 100,
  p.sum_price / p.observations, p.max_price,
  p.get_in_1_price, p.get_in_2_price, p.get_in_3_price, p.get_in_4_price, p.get_in_5_price, p.get_in_6_price,
  p.get_in_7_price, p.get_in_8_price,
  h.first_captured_at, h.last_captured_at
from priced as p
inner join hours as h on h.hour_id = p.hour_id
inner join quartiles as q
  on q.hour_id = p.hour_id and q.currency = p.currency and q.fee_basis = p.fee_basis and q.zone = p.zone
union all
select
  h.event_id, h.marketplace, '*', coalesce(k.currency, 'XXX'), coalesce(k.fee_basis, 'all_in'), h.hour_at, h.snapshots,
  h.suspect_snapshots, h.failed_attempts, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
  null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, null,
  null, null,
  h.first_captured_at, h.last_captured_at
from hours as h
left join lateral (
  select s.currency, s.fee_basis
  from snapshots as s
  where
    s.event_id = h.event_id and s.marketplace = h.marketplace and s.currency is not null
    and s.captured_at < h.hour_at + interval '1 hour' and s.captured_at >= h.hour_at - interval '90 days'
  order by s.captured_at desc
  limit 1
) as k on true
where not exists (
  select 1
  from priced as p
  where p.hour_id = h.hour_id
)
