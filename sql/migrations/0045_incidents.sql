-- Operational alerts: what is wrong with the pipeline itself, since when, and whether it is over.
create table incidents (
  incident_id bigint generated always as identity primary key,
  kind text not null,
  subject text not null,
  first_seen_at timestamptz not null,
  last_seen_at timestamptz not null,
  opened_at timestamptz,
  closed_at timestamptz,
  summary text not null,
  cause text not null
);
create unique index incidents_current on incidents (kind, subject) where closed_at is null;
create index incidents_opened on incidents (opened_at);
comment on table incidents is 'what is or was wrong with the pipeline; at most one that is not over per kind and subject';
comment on column incidents.incident_id is 'key';
comment on column incidents.kind is 'a heading of docs/runbook.md, which says what to do';
comment on column incidents.subject is 'what it is about: a job, a marketplace, an event at a marketplace, a channel';
comment on column incidents.first_seen_at is 'since when it holds';
comment on column incidents.last_seen_at is 'when it was last found to hold';
comment on column incidents.opened_at is 'when it was told; null: seen, and not yet for as long as its kind waits';
comment on column incidents.closed_at is 'when it was over; null: it is not';
comment on column incidents.summary is 'what is wrong, in one line';
comment on column incidents.cause is 'what was seen when it last held, in sentences';

create table operations_watch (
  is_only boolean primary key default true check (is_only),
  watched_at timestamptz not null
);
comment on table operations_watch is 'one row: when the daemon last looked for incidents; older than minutes: it is silent';
comment on column operations_watch.is_only is 'true: there is one row';
comment on column operations_watch.watched_at is 'when the sensor watch_operations last ended a look';

alter table alert_deliveries alter column event_id drop not null;
alter table alert_deliveries add column incident_ids bigint[] not null default '{}';
comment on column alert_deliveries.incident_ids is 'the incidents that it tells of; empty: it is about alerts of an event';
comment on column alert_deliveries.event_id is 'the event of price alerts; null: a message about incidents';
