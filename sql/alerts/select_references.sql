-- What values are compared with, from the hours before a capture. Parameters: questions (jsonb array of number, event_id,
-- marketplace, zone, currency, fee_basis, captured_at, place, kind and span). Places: floor, get-in 1 to 8, median, tickets,
-- listings, from 1; kinds: ago, low, high or usual.
-- ago: the last hour that ended at least the window before, and at most twice it and an hour; usual: 24 hours or more of
-- the window. Thin get-in prices are no values. Rows: those that have an answer.
with questions as materialized (
  select
    u.*, date_bin('1 hour', u.captured_at, timestamptz '2000-01-01 00:00+00') as hour_at,
    case u.kind when 'usual' then u.captured_at - u.span else '-infinity' end as since_at
  from
    jsonb_to_recordset(%(questions)s)
      as u (
        number integer, event_id bigint, marketplace text, zone text, currency text, fee_basis text, captured_at timestamptz,
        place integer, kind text, span interval
      )
)

select q.number, a.value, a.at, null::numeric as deviation
from questions as q
cross join
  lateral (
    select v.value, p.last_captured_at as at
    from hourly_prices as p
    cross join
      lateral (
        select case when q.place not between 2 and 9 or not is_thin(x.price, p.floor_price) then x.price end as value
        from (
          select case q.place
            when 1 then p.floor_price when 2 then p.get_in_1_price when 3 then p.get_in_2_price when 4 then p.get_in_3_price
            when 5 then p.get_in_4_price when 6 then p.get_in_5_price when 7 then p.get_in_6_price when 8 then p.get_in_7_price
            when 9 then p.get_in_8_price when 10 then p.median_price when 11 then p.tickets else p.listings
          end as price
        ) as x
      ) as v
    where
      p.event_id = q.event_id and p.marketplace = q.marketplace and p.zone = q.zone and p.currency = q.currency
      and p.fee_basis = q.fee_basis and v.value is not null
      and p.hour_at between q.captured_at - 2 * q.span - interval '1 hour' and q.captured_at - q.span
      and p.last_captured_at <= q.captured_at - q.span
    order by p.hour_at desc
    limit 1
  ) as a
where q.kind = 'ago'
union all
select
  q.number, case q.kind when 'low' then a.low when 'high' then a.high else round(a.mean, 4) end,
  case when q.kind = 'usual' then q.hour_at end,
  case when q.kind = 'usual' then round(a.deviation, 4) end
from questions as q
cross join
  lateral (
    select
      min(v.value) filter (where q.kind = 'low') as low, max(v.value) filter (where q.kind = 'high') as high,
      avg(v.value) filter (where q.kind = 'usual') as mean, stddev_samp(v.value) filter (where q.kind = 'usual') as deviation,
      count(v.value) as hours
    from ( -- noqa: ST05
      -- The hours of the whole event are read from an index that holds all of this.
      select
        h.floor_price, h.get_in_1_price, h.get_in_2_price, h.get_in_3_price, h.get_in_4_price, h.get_in_5_price,
        h.get_in_6_price, h.get_in_7_price, h.get_in_8_price, h.median_price, h.tickets, h.listings
      from hourly_prices as h
      where
        q.zone = '*' and h.zone = '*' and h.event_id = q.event_id and h.marketplace = q.marketplace
        and h.currency = q.currency and h.fee_basis = q.fee_basis and h.snapshots > 0
        and h.hour_at >= q.since_at and h.hour_at < q.hour_at
      union all
      select
        h.floor_price, h.get_in_1_price, h.get_in_2_price, h.get_in_3_price, h.get_in_4_price, h.get_in_5_price,
        h.get_in_6_price, h.get_in_7_price, h.get_in_8_price, h.median_price, h.tickets, h.listings
      from hourly_prices as h
      where
        q.zone <> '*' and h.zone = q.zone and h.event_id = q.event_id and h.marketplace = q.marketplace
        and h.currency = q.currency and h.fee_basis = q.fee_basis and h.snapshots > 0
        and h.hour_at >= q.since_at and h.hour_at < q.hour_at
    ) as p
    cross join
      lateral (
        select case when q.place not between 2 and 9 or not is_thin(x.price, p.floor_price) then x.price end as value
        from (
          select case q.place
            when 1 then p.floor_price when 2 then p.get_in_1_price when 3 then p.get_in_2_price when 4 then p.get_in_3_price
            when 5 then p.get_in_4_price when 6 then p.get_in_5_price when 7 then p.get_in_6_price when 8 then p.get_in_7_price
            when 9 then p.get_in_8_price when 10 then p.median_price when 11 then p.tickets else p.listings
          end as price
        ) as x
      ) as v
  ) as a
where q.kind <> 'ago' and a.hours >= case q.kind when 'usual' then 24 else 1 end
