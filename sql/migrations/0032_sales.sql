-- What estimated sales rest on, for each pair of captures over which they can be estimated.
create table sale_departures (
  event_id bigint not null references events on delete cascade,
  marketplace text not null,
  captured_at timestamptz not null,
  previous_captured_at timestamptz not null,
  is_stale boolean not null default true,
  at_risk integer[],
  removed integer[],
  new_at_risk integer[],
  new_removed integer[],
  lots jsonb,
  estimates jsonb,
  primary key (event_id, marketplace, captured_at)
);
create index sale_departures_stale on sale_departures (captured_at) where is_stale;
comment on table sale_departures is
'one row per pair of captures: how many listings could leave and did, by class of price rank, and the estimate of it';
comment on column sale_departures.is_stale is 'the pair or its changes are new, or other since it was estimated';
comment on column sale_departures.at_risk is 'listings at previous_captured_at by class of price rank, the cheapest first';
comment on column sale_departures.removed is 'of at_risk, gone at captured_at and not relisted';
comment on column sale_departures.new_at_risk is 'of at_risk, first seen at previous_captured_at; new_removed: gone of these';
comment on column sale_departures.lots is
'what left, by zone, currency and class (-1: lots that shrank by a number that can be bought): tickets, squares, value';
comment on column sale_departures.estimates is 'by zone: tickets, variance, error, value and its currency; * is the whole event';

create table sale_rates (
  event_id bigint not null references events on delete cascade,
  marketplace text not null,
  block_at timestamptz not null,
  points double precision[] not null,
  primary key (event_id, marketplace, block_at)
);
comment on table sale_rates is 'how fast seats sell and are taken down, learned from the departures of the week before block_at';
comment on column sale_rates.points is 'points that stand for the rates under each belief, one after the other (market/sale_rates.py)';
