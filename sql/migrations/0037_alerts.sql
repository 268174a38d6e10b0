-- Price alerts: rules, where each stands with each subject, what fired, and what was sent of it.
create table alert_rules (
  rule_id bigint generated always as identity primary key,
  name text not null unique,
  cells jsonb not null,
  definition text not null,
  position integer not null,
  is_current boolean not null default true,
  changed_at timestamptz not null default now()
);
comment on table alert_rules is 'the rules as last synced; one that was removed stays for its history (is_current false)';
comment on column alert_rules.cells is 'as the user wrote them, by column';
comment on column alert_rules.definition is 'what its states rest on: another one starts them anew';

create table rejected_alert_rules (
  row_number integer primary key,
  cells jsonb not null,
  reasons text[] not null
);
comment on table rejected_alert_rules is 'rows of the last sync that are no rules, and why';

create table alert_progress (
  event_id bigint not null references events on delete cascade,
  marketplace text not null,
  captured_at timestamptz not null,
  primary key (event_id, marketplace)
);
comment on table alert_progress is 'the last capture that the rules were tried on: each is tried once, in order';

create table alert_states (
  rule_id bigint not null references alert_rules on delete cascade,
  event_id bigint not null references events on delete cascade,
  marketplace text not null,
  zone text not null,
  currency text not null,
  fee_basis text not null,
  state text not null check (state in ('normal', 'pending', 'firing', 'recovering', 'no data')),
  streak integer not null,
  is_open boolean not null,
  since_at timestamptz,
  fired_at timestamptz,
  captured_at timestamptz not null,
  value numeric,
  reference numeric,
  reference_at timestamptz,
  deviation numeric,
  extreme numeric,
  muted_until timestamptz,
  is_muted_until_resolved boolean not null default false,
  primary key (rule_id, event_id, marketplace, zone, currency, fee_basis)
);
create index alert_states_event on alert_states (event_id);
comment on table alert_states is 'where a rule stands with a subject after its last capture (market/alert_states.py)';
comment on column alert_states.marketplace is '*: across marketplaces; zone *: the whole event';
comment on column alert_states.is_open is 'fired, and not recovered';

create table alert_events (
  alert_event_id bigint generated always as identity primary key,
  rule_id bigint not null references alert_rules on delete cascade,
  event_id bigint not null references events on delete cascade,
  marketplace text not null,
  zone text not null,
  currency text not null,
  fee_basis text not null,
  kind text not null check (kind in ('fired', 'resolved')),
  captured_at timestamptz not null,
  since_at timestamptz,
  captures integer not null,
  value numeric,
  reference numeric,
  reference_at timestamptz,
  is_muted boolean not null,
  summary text not null,
  created_at timestamptz not null,
  unique (rule_id, event_id, marketplace, zone, currency, fee_basis, captured_at, kind)
);
create index alert_events_created on alert_events (created_at);
create index alert_events_event on alert_events (event_id);
comment on table alert_events is 'each firing and each end of one, stored once, whether or not anybody is told';
comment on column alert_events.captured_at is 'the capture that made it so; since_at: the first one of the breach';
comment on column alert_events.captures is 'how many captures in a row it rests on';

create table alert_deliveries (
  delivery_id bigint generated always as identity primary key,
  event_id bigint not null references events on delete cascade,
  alert_event_ids bigint[] not null,
  channel text not null,
  title text not null,
  body text not null,
  quiet_hours text,
  timezone text not null,
  state text not null default 'queued' check (state in ('queued', 'sent', 'dead')),
  attempts integer not null default 0,
  next_attempt_at timestamptz not null,
  lease_id uuid,
  leased_until timestamptz,
  error text,
  created_at timestamptz not null,
  ended_at timestamptz
);
create index alert_deliveries_queued on alert_deliveries (next_attempt_at) where state = 'queued';
create index alert_deliveries_created on alert_deliveries (created_at);
create index alert_deliveries_event on alert_deliveries (event_id);
comment on table alert_deliveries is 'one message for one channel: sent at least once, or dead after its last attempt';
comment on column alert_deliveries.channel is 'scheme and hash of its address; the address itself is a secret and is not stored';
comment on column alert_deliveries.leased_until is 'a process is sending it; past this, another one may';
