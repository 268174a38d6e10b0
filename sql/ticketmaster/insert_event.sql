-- Insert one capture of an event, unless it is there. Idempotent by (event_id, captured_at). Parameters: one per column.
-- Rows: none; 1 counted where it is new.
insert into ticketmaster_events (
  event_id, captured_at, external_id, name, status, local_date, local_time, timezone, event_at, is_date_open, is_time_open,
  on_sale_at, venue, city, country, url, problems, payload_hash, is_test
)
values (
  %(event_id)s, %(captured_at)s, %(external_id)s, %(name)s, %(status)s, %(local_date)s, %(local_time)s, %(timezone)s,
  %(event_at)s, %(is_date_open)s, %(is_time_open)s, %(on_sale_at)s, %(venue)s, %(city)s, %(country)s, %(url)s, %(problems)s,
  %(payload_hash)s, %(is_test)s
)
on conflict (event_id, captured_at) do nothing
