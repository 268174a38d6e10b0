-- Whose data this database holds: simulated and real data never share one. And the past that the demo begins with.
create table data_origin (
  is_only boolean primary key default true check (is_only),
  is_simulated boolean not null,
  noted_at timestamptz not null default now(),
  past_from timestamptz,
  past_until timestamptz,
  past_played_at timestamptz,
  check ((past_from is null) = (past_until is null))
);
comment on table data_origin is 'one row: whether all data here are those of the simulated marketplaces';
comment on column data_origin.past_from is
'from here until past_until the simulator played its own past, polled by the cadence; null: the demo began without';
comment on column data_origin.past_played_at is 'when that past was complete; null: not yet, the next start continues';
