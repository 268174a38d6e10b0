-- When the next request of any process may leave. Permits are spaced by next_request_at, but a request leaves only once its
-- connection is ready, which takes longer for some than for others.
alter table breaker_state add column next_departure_at timestamptz not null default 'epoch';
