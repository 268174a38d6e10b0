-- Where the daily prices of some event-days are not what their hours say, column by column. Written from the definition
-- of the day and not from insert_daily. Parameters: event_ids (bigint[]), marketplaces (text[]), days (date[]): the
-- event-days, side by side. Rows: up to 1,000, one per column that differs; for an aggregate row that is missing or
-- should not be there one, of the column `row`.
-- The rows are looked up by their whole primary key, zone by zone: a few of each day of a few events, whatever the table
-- holds. `offset 0` keeps these look-ups where the checks forbid nested loops.
with recursive sample as (
  select u.event_id, u.marketplace, u.day_on
  from unnest(%(event_ids)s::bigint[], %(marketplaces)s::text[], %(days)s::date[]) as u (event_id, marketplace, day_on)
),

-- Every zone, currency and fee basis that an event ever had, each found from the one before it.
keys as (
  select f.event_id, f.marketplace, f.zone, f.currency, f.fee_basis
  from (select distinct event_id, marketplace from sample) as e
  cross join
    lateral (
      select p.event_id, p.marketplace, p.zone, p.currency, p.fee_basis
      from hourly_prices as p
      where p.event_id = e.event_id and p.marketplace = e.marketplace
      order by p.zone, p.currency, p.fee_basis
      limit 1
    ) as f
  union all
  select n.event_id, n.marketplace, n.zone, n.currency, n.fee_basis
  from keys as k
  cross join lateral (
    select p.event_id, p.marketplace, p.zone, p.currency, p.fee_basis
    from hourly_prices as p
    where
      p.event_id = k.event_id and p.marketplace = k.marketplace
      and (p.zone, p.currency, p.fee_basis) > (k.zone, k.currency, k.fee_basis)
    order by p.zone, p.currency, p.fee_basis
    limit 1
  ) as n
),

hours as materialized (
  select
    h.*, s.day_on, bool_or(h.currency <> 'XXX') over (partition by h.event_id, h.marketplace, s.day_on) as knows_currency
  from sample as s
  inner join keys as k on k.event_id = s.event_id and k.marketplace = s.marketplace
  cross join lateral (
    select p.*
    from hourly_prices as p
    where
      p.event_id = k.event_id and p.marketplace = k.marketplace and p.zone = k.zone and p.currency = k.currency
      and p.fee_basis = k.fee_basis and p.hour_at >= s.day_on::timestamp at time zone 'UTC'
      and p.hour_at < (s.day_on + 1)::timestamp at time zone 'UTC'
    offset 0 -- noqa: AM09
  ) as h
),

covered as (
  select
    event_id, marketplace, day_on, count(*) filter (where snapshots > 0)::integer as hours_covered,
    sum(snapshots)::integer as snapshots, sum(suspect_snapshots)::integer as suspect_snapshots,
    sum(failed_attempts)::integer as failed_attempts, max(hour_at) filter (where snapshots > 0) as last_hour_at
  from (
    select distinct on (event_id, marketplace, day_on, hour_at) *
    from hours
    where zone = '*'
    order by event_id, marketplace, day_on, hour_at
  ) as event_hours
  group by event_id, marketplace, day_on
),

-- The least (largest) pair of an hour and its price holds the first (last) price that is known.
expected as (
  select
    h.event_id, h.marketplace, h.day_on, h.zone, h.currency, h.fee_basis, c.hours_covered, c.snapshots,
    c.suspect_snapshots, c.failed_attempts,
    coalesce(sum(h.listings) filter (where h.hour_at = c.last_hour_at), 0)::integer as listings,
    coalesce(sum(h.tickets) filter (where h.hour_at = c.last_hour_at), 0)::integer as tickets,
    max(h.max_tickets) as peak_tickets,
    coalesce(sum(h.sum_tickets)::numeric / nullif(c.snapshots, 0), 0)::numeric(14, 4) as mean_tickets,
    sum(h.observations)::integer as observations, sum(h.sum_price)::numeric(16, 2) as sum_price,
    min(h.low_floor_price) as low_floor_price, max(h.high_floor_price) as high_floor_price,
    (min(array[extract(epoch from h.hour_at), h.open_price]) filter (where h.open_price is not null))[2] as open_price,
    max(h.high_price) as high_price, min(h.low_price) as low_price,
    (max(array[extract(epoch from h.hour_at), h.close_price]) filter (where h.close_price is not null))[2] as close_price,
    min(h.min_price) as min_price,
    (sum(h.sum_price) / nullif(sum(h.observations), 0))::numeric(12, 2) as mean_price, max(h.max_price) as max_price,
    sum(h.floor_price) filter (where h.hour_at = c.last_hour_at) as floor_price,
    sum(h.p25_price) filter (where h.hour_at = c.last_hour_at) as p25_price,
    sum(h.median_price) filter (where h.hour_at = c.last_hour_at) as median_price,
    sum(h.p75_price) filter (where h.hour_at = c.last_hour_at) as p75_price,
    sum(h.get_in_1_price) filter (where h.hour_at = c.last_hour_at) as get_in_1_price,
    sum(h.get_in_2_price) filter (where h.hour_at = c.last_hour_at) as get_in_2_price,
    sum(h.get_in_3_price) filter (where h.hour_at = c.last_hour_at) as get_in_3_price,
    sum(h.get_in_4_price) filter (where h.hour_at = c.last_hour_at) as get_in_4_price,
    sum(h.get_in_5_price) filter (where h.hour_at = c.last_hour_at) as get_in_5_price,
    sum(h.get_in_6_price) filter (where h.hour_at = c.last_hour_at) as get_in_6_price,
    sum(h.get_in_7_price) filter (where h.hour_at = c.last_hour_at) as get_in_7_price,
    sum(h.get_in_8_price) filter (where h.hour_at = c.last_hour_at) as get_in_8_price
  from hours as h
  inner join covered as c on c.event_id = h.event_id and c.marketplace = h.marketplace and c.day_on = h.day_on
  where h.currency <> 'XXX' or not h.knows_currency
  group by
    h.event_id, h.marketplace, h.day_on, h.zone, h.currency, h.fee_basis, c.hours_covered, c.snapshots,
    c.suspect_snapshots, c.failed_attempts
),

stored as (
  select
    d.event_id, d.marketplace, d.day_on, d.zone, d.currency, d.fee_basis, d.hours_covered, d.snapshots,
    d.suspect_snapshots, d.failed_attempts, d.listings, d.tickets, d.peak_tickets, d.mean_tickets, d.observations,
    d.sum_price, d.low_floor_price, d.high_floor_price, d.open_price, d.high_price, d.low_price, d.close_price,
    d.min_price, d.mean_price, d.max_price, d.floor_price, d.p25_price, d.median_price, d.p75_price, d.get_in_1_price,
    d.get_in_2_price, d.get_in_3_price, d.get_in_4_price, d.get_in_5_price, d.get_in_6_price, d.get_in_7_price,
    d.get_in_8_price
  from sample as s
  cross join lateral (
    select p.*
    from daily_prices as p
    where p.event_id = s.event_id and p.marketplace = s.marketplace and p.day_on = s.day_on
    offset 0 -- noqa: AM09
  ) as d
),

differing as (
  select
    event_id, marketplace, day_on, zone, currency, fee_basis,
    case when e.day_on is not null then to_jsonb(e) end as expected, case when d.day_on is not null then to_jsonb(d) end as found
  from expected as e
  full join stored as d using (event_id, marketplace, day_on, zone, currency, fee_basis)
  where e is distinct from d
),

columns as (
  select d.event_id, d.marketplace, d.day_on, d.zone, d.currency, d.fee_basis, e.key as name, e.value as expected, f.value as found
  from differing as d
  cross join jsonb_each_text(d.expected) as e
  inner join jsonb_each_text(d.found) as f on f.key = e.key
  where e.value is distinct from f.value
  union all
  select
    event_id, marketplace, day_on, zone, currency, fee_basis, 'row' as name,
    case when expected is null then 'none' else 'a row' end as expected,
    case when found is null then 'none' else 'a row' end as found
  from differing
  where expected is null or found is null
)

select event_id, marketplace, day_on, zone, currency, fee_basis, name, expected, found
from columns
order by day_on desc, event_id asc, marketplace asc, zone asc, currency asc, fee_basis asc, name asc
limit 1000
