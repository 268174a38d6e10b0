-- When each event is polled next on each marketplace, who holds it now, and how every attempt ended.
create table poll_schedule (
  event_id bigint not null references events on delete cascade,
  marketplace text not null,
  next_due_at timestamptz not null default now(),
  poll_interval interval,
  jitter_factor double precision not null default 1,
  anchor_at timestamptz,
  lease_id uuid,
  leased_until timestamptz,
  consecutive_failures integer not null default 0,
  last_attempt_at timestamptz,
  last_success_at timestamptz,
  last_outcome text,
  last_error text,
  primary key (event_id, marketplace)
);
comment on column poll_schedule.anchor_at is 'the last success: next_due_at = anchor_at + poll_interval * jitter_factor';
create index poll_schedule_due on poll_schedule (marketplace, next_due_at);
create index poll_schedule_lease on poll_schedule (lease_id) where lease_id is not null;

create table fetch_attempts (
  attempt_id bigint generated always as identity primary key,
  event_id bigint not null references events on delete cascade,
  marketplace text not null,
  external_id text not null,
  started_at timestamptz not null,
  finished_at timestamptz not null,
  outcome text not null check (outcome in (
    'ok', 'empty', 'blocked', 'rate_limited', 'http_error', 'timeout', 'bad_payload', 'gone', 'not_permitted', 'abandoned'
  )),
  status integer,
  tries integer not null default 0,
  latency_seconds double precision,
  bytes integer,
  listings integer,
  rejected integer,
  error text,
  run_id text
);
create index fetch_attempts_event on fetch_attempts (event_id, marketplace, finished_at);
create index fetch_attempts_finished on fetch_attempts using brin (finished_at);
