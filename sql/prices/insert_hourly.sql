-- Build the hourly prices of a span of whole hours from the stored captures and listings.
-- Parameters: starts_from, starts_until (whole hours, UTC). Run after delete_hourly in one transaction. Rows: none.
--
-- Only trusted captures make prices and counts; suspects and failed attempts are counted beside them. A zone that is
-- absent from a capture had 0 tickets in it. An hour that saw only failures, suspects or an empty market gets one row
-- for the whole event (zone *), with the last known currency (XXX, "no currency", where none was ever seen).
with captures as materialized (
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
    event_id, marketplace, hour_at, coalesce(c.snapshots, 0) as snapshots,
    coalesce(c.suspect_snapshots, 0) as suspect_snapshots, coalesce(f.failed_attempts, 0) as failed_attempts,
    c.first_captured_at, c.last_captured_at
  from (
    select
      event_id, marketplace, hour_at, count(*) filter (where not is_suspect)::integer as snapshots,
      count(*) filter (where is_suspect and not is_failed)::integer as suspect_snapshots,
      min(captured_at) filter (where not is_suspect) as first_captured_at,
      max(captured_at) filter (where not is_suspect) as last_captured_at
    from captures
    group by event_id, marketplace, hour_at
  ) as c
  full join failures as f using (event_id, marketplace, hour_at)
),

observed as materialized (
  select
    l.event_id, l.marketplace, c.hour_at, l.captured_at, l.currency, l.fee_basis,
    -- A zone that is itself called * must not be taken for the whole event.
    coalesce(nullif(l.zone, '*'), nullif(l.section, '*'), 'unknown') as zone,
    l.quantity, l.price,
    can_sell(l.quantity, l.splits, 1) as sells_1, can_sell(l.quantity, l.splits, 2) as sells_2,
    can_sell(l.quantity, l.splits, 4) as sells_4
  from captures as c
  inner join listings as l
    on l.event_id = c.event_id and l.captured_at = c.captured_at and l.marketplace = c.marketplace
  where not c.is_suspect and l.captured_at >= %(starts_from)s and l.captured_at < %(starts_until)s
),

per_capture as (
  select
    event_id, marketplace, hour_at, currency, fee_basis, captured_at, case when grouping(zone) = 1 then '*' else zone end as zone,
    count(*)::integer as listings, sum(quantity)::integer as tickets, min(price) as min_price, max(price) as max_price,
    sum(price) as sum_price, min(price) filter (where sells_1) as get_in_price,
    min(price) filter (where sells_2) as get_in_2_price,
    min(price) filter (where sells_4) as get_in_4_price
  from observed
  group by grouping sets (
    (event_id, marketplace, hour_at, currency, fee_basis, captured_at, zone),
    (event_id, marketplace, hour_at, currency, fee_basis, captured_at)
  )
),

medians as (
  select
    event_id, marketplace, hour_at, currency, fee_basis, case when grouping(zone) = 1 then '*' else zone end as zone,
    -- percentile_cont knows no numeric: whole cents as floats are exact, and so is their half.
    percentile_cont(0.5) within group (order by (price * 100)::double precision) as median_cents
  from observed
  group by grouping sets (
    (event_id, marketplace, hour_at, currency, fee_basis, zone), (event_id, marketplace, hour_at, currency, fee_basis)
  )
),

priced as (
  select
    p.event_id, p.marketplace, p.zone, p.currency, p.fee_basis, p.hour_at, h.snapshots, h.suspect_snapshots,
    h.failed_attempts,
    coalesce(max(p.listings) filter (where p.captured_at = h.last_captured_at), 0) as listings,
    case when count(*) < h.snapshots then 0 else min(p.listings) end as min_listings,
    sum(p.listings)::numeric / h.snapshots as mean_listings,
    max(p.listings) as max_listings,
    coalesce(max(p.tickets) filter (where p.captured_at = h.last_captured_at), 0) as tickets,
    case when count(*) < h.snapshots then 0 else min(p.tickets) end as min_tickets,
    sum(p.tickets)::numeric / h.snapshots as mean_tickets,
    max(p.tickets) as max_tickets,
    sum(p.listings)::integer as observations,
    (array_agg(p.get_in_price order by p.captured_at) filter (where p.get_in_price is not null))[1] as open_price,
    max(p.get_in_price) as high_price,
    min(p.get_in_price) as low_price,
    (array_agg(p.get_in_price order by p.captured_at desc) filter (where p.get_in_price is not null))[1] as close_price,
    min(p.min_price) as min_price,
    sum(p.sum_price) / sum(p.listings) as mean_price,
    max(p.max_price) as max_price,
    min(p.get_in_2_price) as get_in_2_price,
    min(p.get_in_4_price) as get_in_4_price,
    h.first_captured_at, h.last_captured_at
  from per_capture as p
  inner join hours as h on h.event_id = p.event_id and h.marketplace = p.marketplace and h.hour_at = p.hour_at
  group by
    p.event_id, p.marketplace, p.zone, p.currency, p.fee_basis, p.hour_at, h.snapshots, h.suspect_snapshots,
    h.failed_attempts, h.first_captured_at, h.last_captured_at
)

insert into hourly_prices (
  event_id, marketplace, zone, currency, fee_basis, hour_at, snapshots, suspect_snapshots, failed_attempts, listings,
  min_listings, mean_listings, max_listings, tickets, min_tickets, mean_tickets, max_tickets, observations, open_price,
  high_price, low_price, close_price, min_price, mean_price, median_price, max_price, get_in_2_price, get_in_4_price,
  first_captured_at, last_captured_at
)
select
  p.event_id, p.marketplace, p.zone, p.currency, p.fee_basis, p.hour_at, p.snapshots, p.suspect_snapshots,
  p.failed_attempts, p.listings, p.min_listings, p.mean_listings, p.max_listings, p.tickets, p.min_tickets, p.mean_tickets,
  p.max_tickets, p.observations, p.open_price, p.high_price, p.low_price, p.close_price, p.min_price, p.mean_price,
  (m.median_cents::numeric / 100), p.max_price, p.get_in_2_price, p.get_in_4_price, p.first_captured_at, p.last_captured_at
from priced as p
inner join medians as m
  on
    m.event_id = p.event_id and m.marketplace = p.marketplace and m.hour_at = p.hour_at and m.currency = p.currency
    and m.fee_basis = p.fee_basis and m.zone = p.zone
union all
select
  h.event_id, h.marketplace, '*', coalesce(k.currency, 'XXX'), coalesce(k.fee_basis, 'all_in'), h.hour_at, h.snapshots,
  h.suspect_snapshots, h.failed_attempts, 0, 0, 0, 0, 0, 0, 0, 0, 0, null, null, null, null, null, null, null, null, null,
  null, h.first_captured_at, h.last_captured_at
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
  where p.event_id = h.event_id and p.marketplace = h.marketplace and p.hour_at = h.hour_at
)
