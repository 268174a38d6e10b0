-- What is reckoned from the tickets; each table is deleted and inserted anew in one transaction.
create table vivenu_sales_daily (
  external_id text not null,
  ticket_type_id text not null,
  day_on date not null,
  channel text not null,
  currency text not null,
  tickets integer not null,
  revenue numeric(14, 2) not null,
  regular_value numeric(14, 2) not null,
  invalidated integer not null,
  invalidated_value numeric(14, 2) not null,
  sold_to_date integer not null,
  capacity integer,
  primary key (external_id, ticket_type_id, day_on, channel, currency)
);
comment on column vivenu_sales_daily.day_on is 'the day at the venue';
comment on column vivenu_sales_daily.tickets is 'sold that day and held by somebody now';
comment on column vivenu_sales_daily.invalidated is 'that became invalid that day, whenever they were sold';

create table vivenu_age_groups (
  external_id text not null,
  age_group text not null,
  gender text not null,
  position smallint not null,
  tickets integer not null,
  primary key (external_id, age_group, gender)
);

create table vivenu_gender (
  external_id text not null,
  answer text not null,
  gender text not null,
  tickets integer not null,
  primary key (external_id, answer)
);
comment on column vivenu_gender.answer is 'as given, or (no answer)';

create table vivenu_summary (
  external_id text primary key,
  name text not null,
  event_on date,
  sold integer not null,
  capacity integer,
  sold_share numeric(8, 4),
  currency text,
  revenue numeric(14, 2),
  invalidated integer not null,
  coupon_tickets integer not null,
  coupon_share numeric(8, 4),
  revenue_with_coupon numeric(14, 2),
  revenue_without_coupon numeric(14, 2),
  age_mix jsonb not null,
  gender_mix jsonb not null,
  earlier_events integer not null,
  earlier_sold_share numeric(8, 4),
  pace numeric(10, 4),
  reckoned_at timestamptz not null
);
comment on column vivenu_summary.currency is 'null where tickets were sold in several: then no revenue is summed';
comment on column vivenu_summary.pace is 'sold share of capacity over the mean share of earlier events as long before their start';
