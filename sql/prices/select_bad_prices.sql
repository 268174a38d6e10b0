-- Hourly or daily prices of a span that cannot be: zero or less, or out of order.
-- Parameters: starts_from, starts_until (both null: no hours), day_from, day_until (dates; both null: no days).
-- Rows: up to 1,000, one per price, with the least and the largest that it may be; `day_on` is null for hours.
-- The row is judged as a whole first: to take every price of every good row apart costs far more than to read it.
with prices as (
  select
    hour_at, null::date as day_on,
    event_id, marketplace, zone, currency, fee_basis, min_price, max_price, floor_price, low_floor_price,
    high_floor_price, p25_price, median_price, p75_price, mean_price, get_in_1_price, get_in_2_price, get_in_3_price,
    get_in_4_price, get_in_5_price, get_in_6_price, get_in_7_price, get_in_8_price, open_price, high_price, low_price,
    close_price
  from hourly_prices
  where hour_at >= %(starts_from)s and hour_at < %(starts_until)s
  union all
  select
    null::timestamptz as hour_at, day_on,
    event_id, marketplace, zone, currency, fee_basis, min_price, max_price, floor_price, low_floor_price,
    high_floor_price, p25_price, median_price, p75_price, mean_price, get_in_1_price, get_in_2_price, get_in_3_price,
    get_in_4_price, get_in_5_price, get_in_6_price, get_in_7_price, get_in_8_price, open_price, high_price, low_price,
    close_price
  from daily_prices
  where day_on >= %(day_from)s and day_on < %(day_until)s
)

select
  p.event_id, p.marketplace, p.hour_at, p.day_on, p.zone, p.currency, p.fee_basis, c.name, c.found, c.least, c.largest
from prices as p
cross join
  lateral (
    values
    ('open_price', p.open_price, p.low_price, p.high_price),
    ('high_price', p.high_price, p.low_price, p.max_price),
    ('low_price', p.low_price, p.min_price, p.high_price),
    ('close_price', p.close_price, p.low_price, p.high_price),
    ('min_price', p.min_price, 0.01, p.max_price),
    ('max_price', p.max_price, p.min_price, null),
    ('mean_price', p.mean_price, p.min_price, p.max_price),
    ('floor_price', p.floor_price, p.low_floor_price, p.high_floor_price),
    ('low_floor_price', p.low_floor_price, p.min_price, p.high_floor_price),
    ('high_floor_price', p.high_floor_price, p.low_floor_price, p.max_price),
    ('p25_price', p.p25_price, p.min_price, p.median_price),
    ('median_price', p.median_price, p.p25_price, p.p75_price),
    ('p75_price', p.p75_price, p.median_price, p.max_price),
    ('get_in_1_price', p.get_in_1_price, p.min_price, p.max_price),
    ('get_in_2_price', p.get_in_2_price, p.min_price, p.max_price),
    ('get_in_3_price', p.get_in_3_price, p.min_price, p.max_price),
    ('get_in_4_price', p.get_in_4_price, p.min_price, p.max_price),
    ('get_in_5_price', p.get_in_5_price, p.min_price, p.max_price),
    ('get_in_6_price', p.get_in_6_price, p.min_price, p.max_price),
    ('get_in_7_price', p.get_in_7_price, p.min_price, p.max_price),
    ('get_in_8_price', p.get_in_8_price, p.min_price, p.max_price)
  ) as c (name, found, least, largest)
where
  (
    least(
      p.min_price, p.max_price, p.floor_price, p.low_floor_price, p.high_floor_price, p.p25_price, p.median_price,
      p.p75_price, p.mean_price, p.get_in_1_price, p.get_in_2_price, p.get_in_3_price, p.get_in_4_price,
      p.get_in_5_price, p.get_in_6_price, p.get_in_7_price, p.get_in_8_price, p.open_price, p.high_price, p.low_price,
      p.close_price
    ) <= 0
    or least(
      p.max_price, p.floor_price, p.low_floor_price, p.high_floor_price, p.p25_price, p.median_price, p.p75_price,
      p.mean_price, p.get_in_1_price, p.get_in_2_price, p.get_in_3_price, p.get_in_4_price, p.get_in_5_price,
      p.get_in_6_price, p.get_in_7_price, p.get_in_8_price, p.open_price, p.high_price, p.low_price, p.close_price
    ) < p.min_price
    or greatest(
      p.min_price, p.floor_price, p.low_floor_price, p.high_floor_price, p.p25_price, p.median_price, p.p75_price,
      p.mean_price, p.get_in_1_price, p.get_in_2_price, p.get_in_3_price, p.get_in_4_price, p.get_in_5_price,
      p.get_in_6_price, p.get_in_7_price, p.get_in_8_price, p.open_price, p.high_price, p.low_price, p.close_price
    ) > p.max_price
    or least(p.open_price, p.high_price, p.close_price) < p.low_price
    or greatest(p.open_price, p.low_price, p.close_price) > p.high_price
    or least(p.floor_price, p.high_floor_price) < p.low_floor_price
    or greatest(p.floor_price, p.low_floor_price) > p.high_floor_price
    or p.p25_price > p.median_price
    or p.median_price > p.p75_price
  )
  and (c.found <= 0 or c.found < c.least or c.found > c.largest)
order by p.hour_at desc, p.day_on desc, p.event_id asc, p.marketplace asc, p.zone asc, c.name asc
limit 1000
