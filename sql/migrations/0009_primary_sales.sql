-- What an organiser sells through vivenu. `external_id` is vivenu's id of the event. Nothing here tells who a buyer is:
-- of a person only the age on the day of the event and the answer about gender are kept.
create table vivenu_events (
  external_id text primary key,
  name text not null,
  starts_at timestamptz,
  ends_at timestamptz,
  timezone text not null,
  event_on date,
  event_type text,
  root_id text,
  capacity integer,
  gender_slug text,
  age_slug text,
  is_gender_chosen boolean not null,
  problems text[] not null,
  is_listed boolean not null default true,
  read_at timestamptz not null default now()
);
comment on column vivenu_events.event_on is 'the day of the event on its own calendar: what ages are reckoned for';
comment on column vivenu_events.is_listed is 'false once vivenu no longer lists it; its tickets stay';

create table vivenu_ticket_types (
  external_id text not null references vivenu_events on delete cascade,
  ticket_type_id text not null,
  name text,
  category text,
  price numeric(12, 2),
  capacity integer,
  is_active boolean not null,
  primary key (external_id, ticket_type_id)
);

create table vivenu_tickets (
  ticket_id text primary key,
  external_id text not null references vivenu_events on delete cascade,
  ticket_type_id text not null,
  ticket_name text,
  status text not null,
  status_since timestamptz not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  transaction_id text,
  currency text,
  regular_price numeric(12, 2),
  real_price numeric(12, 2),
  channel text not null,
  age_years smallint,
  gender_answer text
);
comment on column vivenu_tickets.status is 'as vivenu has it; GONE: a whole read did not bring it any more';
create index vivenu_tickets_event on vivenu_tickets (external_id, created_at);
create index vivenu_tickets_transaction on vivenu_tickets (transaction_id);

create table vivenu_ticket_statuses (
  ticket_id text not null references vivenu_tickets on delete cascade,
  since_at timestamptz not null,
  status text not null,
  seen_at timestamptz not null default now(),
  primary key (ticket_id, since_at, status)
);
comment on table vivenu_ticket_statuses is 'the history of every ticket as it was read: changes between two reads are not seen';

create table vivenu_reads (
  subject text primary key,
  high_water_at timestamptz not null,
  read_at timestamptz not null default now(),
  is_full boolean not null,
  fingerprint text not null,
  unreadable integer not null
);
comment on column vivenu_reads.subject is 'the id of the event whose tickets were read, or transactions';
comment on column vivenu_reads.fingerprint is 'what ages and genders were read by: another one makes the next read a full one';

create table vivenu_coupon_uses (
  transaction_id text not null,
  coupon_id text not null,
  external_id text not null,
  primary key (transaction_id, coupon_id)
);

create table vivenu_coupons (
  coupon_id text primary key,
  code text,
  name text,
  series_id text,
  is_active boolean,
  discount_type text,
  discount_value numeric(12, 2),
  valid_from timestamptz,
  valid_until timestamptz,
  max_usage integer,
  used integer not null,
  tickets integer,
  revenue numeric(14, 2),
  discount numeric(14, 2),
  currency text,
  shared_transactions integer,
  is_listed boolean not null default true
);
comment on column vivenu_coupons.tickets is 'of transactions that used this coupon alone: of several, the API does not part the money';
