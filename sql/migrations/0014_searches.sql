-- Requests that are about no event: searches. How a request for an event ended stands in fetch_attempts.
create table search_requests (
  request_id bigint generated always as identity primary key,
  marketplace text not null references breaker_state on delete cascade,
  finished_at timestamptz not null,
  is_error boolean not null
);
create index search_requests_finished on search_requests (marketplace, finished_at);
