-- The aggregates, and the windows that must be rebuilt because something in them changed.
create table hourly_prices (
  event_id bigint not null references events on delete cascade,
  marketplace text not null,
  zone text not null,
  currency text not null,
  fee_basis text not null,
  hour_at timestamptz not null,
  snapshots integer not null,
  suspect_snapshots integer not null,
  failed_attempts integer not null,
  listings integer not null,
  min_listings integer not null,
  mean_listings numeric(14, 4) not null,
  max_listings integer not null,
  tickets integer not null,
  min_tickets integer not null,
  mean_tickets numeric(14, 4) not null,
  max_tickets integer not null,
  observations integer not null,
  open_price numeric(12, 2),
  high_price numeric(12, 2),
  low_price numeric(12, 2),
  close_price numeric(12, 2),
  min_price numeric(12, 2),
  mean_price numeric(12, 2),
  median_price numeric(12, 2),
  max_price numeric(12, 2),
  get_in_2_price numeric(12, 2),
  get_in_4_price numeric(12, 2),
  first_captured_at timestamptz,
  last_captured_at timestamptz,
  built_at timestamptz not null default now(),
  primary key (event_id, marketplace, zone, currency, fee_basis, hour_at)
);
comment on table hourly_prices is 'one row per zone and one with zone * for the whole event; see design of the arithmetic';
comment on column hourly_prices.listings is 'in the last trusted snapshot of the hour; 0 where the zone was empty in it';
comment on column hourly_prices.observations is 'listing observations in all trusted snapshots: the weight of mean_price';
comment on column hourly_prices.open_price is 'get-in price of the first trusted snapshot that had one; close: of the last';
create index hourly_prices_hour on hourly_prices (hour_at);

create table daily_prices (
  event_id bigint not null references events on delete cascade,
  marketplace text not null,
  zone text not null,
  currency text not null,
  fee_basis text not null,
  day_on date not null,
  hours_covered integer not null check (hours_covered between 0 and 24),
  snapshots integer not null,
  suspect_snapshots integer not null,
  failed_attempts integer not null,
  listings integer not null,
  tickets integer not null,
  peak_tickets integer not null,
  mean_tickets numeric(14, 4) not null,
  open_price numeric(12, 2),
  high_price numeric(12, 2),
  low_price numeric(12, 2),
  close_price numeric(12, 2),
  min_price numeric(12, 2),
  mean_price numeric(12, 2),
  max_price numeric(12, 2),
  get_in_2_price numeric(12, 2),
  get_in_4_price numeric(12, 2),
  built_at timestamptz not null default now(),
  primary key (event_id, marketplace, zone, currency, fee_basis, day_on)
);
comment on column daily_prices.day_on is 'a UTC day; the venue''s local days are made from hourly_prices on demand';
create index daily_prices_day on daily_prices (day_on);

-- A writer marks its hour in its own transaction, by an upsert that locks the mark; a rebuild deletes the marks it
-- answers before it reads. So a capture that commits during a rebuild always leaves a mark behind.
create table stale_prices (
  grain text not null check (grain in ('hour', 'day')),
  starts_at timestamptz not null,
  event_id bigint not null references events on delete cascade,
  marketplace text not null,
  marked_at timestamptz not null default now(),
  primary key (grain, starts_at, event_id, marketplace)
);
