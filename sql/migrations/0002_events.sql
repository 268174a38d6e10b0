-- The watchlist: events, their ids on each marketplace, and the sheet rows that could not be used.
create table events (
  event_id bigint generated always as identity primary key,
  name text not null,
  venue text,
  city text,
  country text,
  event_date timestamp not null,
  timezone text not null,
  timezone_source text not null,
  event_at timestamptz not null,
  is_tracked boolean not null default true,
  capacity integer check (capacity > 0),
  poll_interval interval check (poll_interval > interval '0'),
  sheet_row integer,
  first_seen_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  untracked_at timestamptz
);
comment on column events.event_date is 'local time at the venue, as in the sheet; event_at is the same instant in UTC';
comment on column events.poll_interval is 'the sheet''s own interval; null: by time to event';

-- An id that the sheet replaced stays as a row with is_current = false: its history and its partition key stay valid.
create table event_sources (
  marketplace text not null,
  external_id text not null,
  event_id bigint not null references events on delete cascade,
  is_current boolean not null default true,
  first_seen_at timestamptz not null default now(),
  replaced_at timestamptz,
  primary key (marketplace, external_id)
);
create unique index event_sources_current on event_sources (event_id, marketplace) where is_current;

create table rejected_rows (
  row_number integer primary key,
  cells jsonb not null,
  reasons text[] not null,
  first_seen_at timestamptz not null default now(),
  last_seen_at timestamptz not null default now()
);

create table watchlist_syncs (
  sync_id bigint generated always as identity primary key,
  synced_at timestamptz not null default now(),
  source text not null,
  rows_read integer not null,
  added integer not null,
  changed integer not null,
  untracked integer not null,
  rejected integer not null
);

create table venue_zones (
  venue text not null,
  section_pattern text not null,
  zone text not null,
  position integer not null,
  primary key (venue, section_pattern)
);
