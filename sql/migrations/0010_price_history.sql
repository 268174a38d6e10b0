-- An event's price history is read from this index alone: the rebuild of an hour writes all events side by side, so that
-- the hours of one event lie on as many pages as there are hours. Only the rows of the whole event, an eighth of all.
create index hourly_prices_history on hourly_prices (event_id, marketplace, hour_at)
include (
  currency, fee_basis, snapshots, suspect_snapshots, failed_attempts, listings, tickets, observations, open_price,
  high_price, low_price, close_price, min_price, mean_price, max_price, get_in_2_price, get_in_4_price
)
where zone = '*';
