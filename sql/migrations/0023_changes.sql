-- Which captures are compared with which, what changed between them, and what was probably sold.
-- Captures from before this migration read 'not compared' (a constant default rewrites no row): a backfill of the asset
-- listing_changes compares them. Later captures are compared in their own transaction.
alter table snapshots
add column previous_captured_at timestamptz,
add column censored_because text default 'not compared';
alter table snapshots alter column censored_because drop default;
comment on column snapshots.previous_captured_at is
'the trusted capture before this one, with which it is compared; null: the first, a suspect, or not compared yet';
comment on column snapshots.censored_because is
'why no sales are estimated since previous_captured_at: suspect between, long gap, event started; or: not compared (yet)';

-- No primary key and no foreign key, for the reasons of `listings`: the lock of the source guards both. No hypertable: it has a
-- twelfth of the rows, and to plan updates over half a year of chunks took four times as long as to store the capture.
create table listing_changes (
  event_id bigint not null,
  marketplace text not null,
  captured_at timestamptz not null,
  previous_captured_at timestamptz not null,
  change text not null check (change in ('listed', 'removed', 'repriced', 'quantity', 'relisted')),
  listing_id text not null,
  previous_listing_id text,
  relisted_as text,
  section text,
  "row" text,
  zone text not null,
  currency text not null,
  fee_basis text not null,
  old_price numeric(12, 2),
  new_price numeric(12, 2),
  old_quantity integer,
  new_quantity integer
);
create index listing_changes_event on listing_changes (event_id, captured_at);
create index listing_changes_captured on listing_changes using brin (captured_at) with (pages_per_range = 32);
comment on table listing_changes is
'one row per change of a listing between two consecutive trusted captures; one that changed price and quantity has two';
comment on column listing_changes.captured_at is 'of the later capture: the change was made after previous_captured_at, until then';
comment on column listing_changes.change is
'listed: new; removed: gone; repriced; quantity: more or fewer tickets; relisted: the same seats back after a removal';
comment on column listing_changes.previous_listing_id is 'of a relisted row: the id under which the seats were removed';
comment on column listing_changes.relisted_as is
'of a removed row: the id under which the seats are back in this or the next capture; such a removal is no sale';
comment on column listing_changes.zone is 'as in hourly_prices: the zone, else the section, else unknown; Grounds is no seat';
comment on column listing_changes.currency is
'of old_price, else of new_price; new_price is null where the listing has another currency or fee basis now';
comment on column listing_changes.old_price is 'per ticket, at previous_captured_at; of a relisted row: when last seen';

create table estimated_sales (
  event_id bigint not null references events on delete cascade,
  marketplace text not null,
  zone text not null,
  hour_at timestamptz not null,
  tickets numeric not null,
  variance numeric not null,
  error numeric not null default 0,
  low_tickets numeric not null,
  high_tickets numeric not null,
  value numeric,
  currency text,
  covered_seconds integer not null check (covered_seconds between 1 and 3600),
  polling_seconds integer not null,
  method smallint not null,
  primary key (event_id, marketplace, zone, hour_at)
);
create index estimated_sales_hour on estimated_sales (hour_at);
comment on table estimated_sales is
'tickets that were probably sold, an estimate: one row per zone and hour, and one with zone * for the whole event';
comment on column estimated_sales.tickets is 'expected number; 0 where nothing was probably sold. No row: no data';
comment on column estimated_sales.variance is 'of tickets, apart from error; variances of several rows are added';
comment on column estimated_sales.error is 'the standard error that all rows share: of several rows it is added, not squared';
comment on column estimated_sales.low_tickets is 'low end of the 80 % interval; high_tickets is the other';
comment on column estimated_sales.value is 'expected money at the last seen prices; null where currencies are mixed';
comment on column estimated_sales.covered_seconds is 'of the hour, between captures over which sales can be estimated';
comment on column estimated_sales.polling_seconds is 'mean time between those captures';
comment on column estimated_sales.method is 'version of the method';

create function sales_bound(p_tickets numeric, p_variance numeric, p_error numeric, p_side integer) returns numeric
language sql immutable parallel safe
return case
  when p_tickets <= 0 or p_variance + p_error ^ 2 <= 0 then greatest(p_tickets, 0)
  else
    p_tickets * greatest(
      0,
      1 - (p_variance + p_error ^ 2) / (9 * p_tickets ^ 2)
      + p_side * 1.2815515655446004 * sqrt((p_variance + p_error ^ 2) / (9 * p_tickets ^ 2))
    ) ^ 3
end;
comment on function sales_bound is
'the low (p_side -1) or high (1) end of the 80 % interval of estimated sales, from their sums of tickets, variance and error: of a '
'gamma distribution, by the transformation of Wilson and Hilferty';
