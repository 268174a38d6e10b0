-- Hourly prices of a span with a price that cannot be: zero or less, or out of order.
-- Parameters: starts_from, starts_until. Rows: up to 1,000, one per price, with the least and the largest that it may be.
-- The row is judged as a whole first: to take ten prices of every good row apart costs far more than to read it.
select p.event_id, p.marketplace, p.hour_at, p.zone, p.currency, p.fee_basis, c.name, c.found, c.least, c.largest
from hourly_prices as p
cross join
  lateral (
    values
    ('open_price', p.open_price, p.low_price, p.high_price),
    ('high_price', p.high_price, p.low_price, p.max_price),
    ('low_price', p.low_price, p.min_price, p.high_price),
    ('close_price', p.close_price, p.low_price, p.high_price),
    ('min_price', p.min_price, 0.01, p.max_price),
    ('mean_price', p.mean_price, p.min_price, p.max_price),
    ('median_price', p.median_price, p.min_price, p.max_price),
    ('max_price', p.max_price, p.min_price, null),
    ('get_in_2_price', p.get_in_2_price, p.min_price, p.max_price),
    ('get_in_4_price', p.get_in_4_price, p.min_price, p.max_price)
  ) as c (name, found, least, largest)
where
  p.hour_at >= %(starts_from)s and p.hour_at < %(starts_until)s
  and (
    least(
      p.open_price, p.high_price, p.low_price, p.close_price, p.min_price, p.mean_price, p.median_price, p.max_price,
      p.get_in_2_price, p.get_in_4_price
    ) <= 0
    or least(p.low_price, p.mean_price, p.median_price, p.max_price, p.get_in_2_price, p.get_in_4_price) < p.min_price
    or greatest(p.high_price, p.min_price, p.mean_price, p.median_price, p.get_in_2_price, p.get_in_4_price) > p.max_price
    or least(p.open_price, p.high_price, p.close_price) < p.low_price
    or greatest(p.open_price, p.low_price, p.close_price) > p.high_price
  )
  and (c.found <= 0 or c.found < c.least or c.found > c.largest)
order by p.hour_at desc, p.event_id asc, p.marketplace asc, p.zone asc, c.name asc
limit 1000
