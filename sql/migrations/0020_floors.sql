-- The floor, the quartiles and the get-in prices for 1 to 8 together, and sums from which every longer mean is exact.
-- All hours are marked for a rebuild, which fills the new columns: the sensor does it a month at a time, oldest first.
-- get_in_2_price and get_in_4_price were the lowest of the hour; after the rebuild they are of its last capture.
alter table hourly_prices
add column sum_tickets integer,
add column sum_price numeric(16, 2),
add column floor_price numeric(12, 2),
add column low_floor_price numeric(12, 2),
add column high_floor_price numeric(12, 2),
add column p25_price numeric(12, 2),
add column p75_price numeric(12, 2),
add column get_in_1_price numeric(12, 2),
add column get_in_3_price numeric(12, 2),
add column get_in_5_price numeric(12, 2),
add column get_in_6_price numeric(12, 2),
add column get_in_7_price numeric(12, 2),
add column get_in_8_price numeric(12, 2);
alter table daily_prices
add column observations integer,
add column sum_price numeric(16, 2),
add column floor_price numeric(12, 2),
add column low_floor_price numeric(12, 2),
add column high_floor_price numeric(12, 2),
add column p25_price numeric(12, 2),
add column p75_price numeric(12, 2),
add column get_in_1_price numeric(12, 2),
add column get_in_3_price numeric(12, 2),
add column get_in_5_price numeric(12, 2),
add column get_in_6_price numeric(12, 2),
add column get_in_7_price numeric(12, 2),
add column get_in_8_price numeric(12, 2),
add column median_price numeric(12, 2);
comment on column hourly_prices.floor_price is 'of the last trusted capture: lowest price with two more within 15 % above it';
comment on column hourly_prices.get_in_1_price is 'lowest price that buys one, in the last trusted capture; so 2 to 8';
comment on column hourly_prices.observations is 'listings in all trusted captures; sum_price / observations is the mean';
comment on column hourly_prices.median_price is 'of all listing observations of the hour; so p25_price and p75_price';
comment on column daily_prices.median_price is 'of the last covered hour; so quartiles, floor and get-in prices';

drop index hourly_prices_history;
create index hourly_prices_history on hourly_prices (event_id, marketplace, hour_at)
include (
  currency, fee_basis, snapshots, suspect_snapshots, failed_attempts, listings, tickets, observations, sum_price,
  floor_price, low_floor_price, high_floor_price, open_price, high_price, low_price, close_price, min_price, p25_price,
  median_price, p75_price, max_price, get_in_1_price, get_in_2_price, get_in_3_price, get_in_4_price, get_in_5_price,
  get_in_6_price, get_in_7_price, get_in_8_price
)
where zone = '*';

insert into stale_prices (grain, starts_at, event_id, marketplace)
select distinct 'hour', hour_at, event_id, marketplace
from hourly_prices
on conflict do nothing;
