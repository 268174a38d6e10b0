-- One row per capture (the manifest), and what it held.
create table snapshots (
  event_id bigint not null references events on delete cascade,
  marketplace text not null,
  captured_at timestamptz not null,
  external_id text not null,
  received integer not null,
  accepted integer not null,
  rejected integer not null,
  tickets integer not null,
  currency text,
  fee_basis text,
  payload_hash bytea not null,
  is_suspect boolean not null default false,
  stored_at timestamptz not null default now(),
  primary key (event_id, marketplace, captured_at),
  constraint snapshots_nothing_lost check (accepted + rejected = received)
);
comment on table snapshots is 'the manifest and idempotency key of a capture: no row here, nothing of it anywhere';
comment on column snapshots.is_suspect is 'far fewer listings than the last trusted capture, and not yet confirmed';
create index snapshots_captured on snapshots (captured_at);

-- Append only; no primary key (it costs +53 % size and -15..30 % COPY) and no foreign key (-57 % COPY): the manifest,
-- written first in the same transaction, guards both.
create table listings (
  event_id bigint not null,
  marketplace text not null,
  captured_at timestamptz not null,
  listing_id text not null,
  section text,
  "row" text,
  zone text,
  quantity integer not null,
  splits smallint[],
  ask_price numeric(12, 2),
  all_in_price numeric(12, 2),
  net_proceeds numeric(12, 2),
  price numeric(12, 2) not null,
  fee_basis text not null,
  currency text not null,
  is_general_admission boolean not null,
  is_speculative boolean not null
);
create index listings_event on listings (event_id, captured_at);

do $$
begin
  if timescaledb_edition() = 'none' then
    create index listings_captured on listings using brin (captured_at) with (pages_per_range = 32);
  else
    perform public.create_hypertable(
      format('%I.listings', current_schema())::regclass,
      public.by_range('captured_at', interval '7 days'),
      create_default_indexes => false
    );
  end if;
  if timescaledb_edition() = 'timescale' then
    alter table listings set (
      timescaledb.compress,
      timescaledb.compress_segmentby = 'event_id',
      timescaledb.compress_orderby = 'listing_id, captured_at'
    );
    perform public.add_compression_policy(
      format('%I.listings', current_schema())::regclass, interval '14 days', if_not_exists => true
    );
  end if;
end
$$;

create table rejected_listings (
  event_id bigint not null,
  marketplace text not null,
  captured_at timestamptz not null,
  position integer not null,
  raw text not null,
  reasons text[] not null,
  primary key (event_id, marketplace, captured_at, position),
  foreign key (event_id, marketplace, captured_at) references snapshots on delete cascade
);

create table raw_payloads (
  event_id bigint not null,
  marketplace text not null,
  captured_at timestamptz not null,
  body bytea not null,
  encoding text not null,
  original_bytes integer not null,
  primary key (event_id, marketplace, captured_at),
  foreign key (event_id, marketplace, captured_at) references snapshots on delete cascade
);
-- The body is compressed already: skip PostgreSQL's own attempt.
alter table raw_payloads alter column body set storage external;
create index raw_payloads_captured on raw_payloads using brin (captured_at);
