-- The fields of each marketplace's payloads, by name and type, and how they changed. No value is kept.
create table payload_fields (
  marketplace text not null,
  path text not null,
  types text[] not null,
  usual_for integer not null,
  items integer not null,
  absent_from integer not null default 0,
  is_missing boolean not null default false,
  first_seen_at timestamptz not null,
  primary key (marketplace, path)
);
comment on table payload_fields is 'one row per field that a marketplace sends; [] in a path is any item of a list, * any id as a key';
comment on column payload_fields.types is 'JSON types of its values, without null; empty: always null';
comment on column payload_fields.usual_for is 'payloads in a row that had it in nearly every item, counted to 3';
comment on column payload_fields.items is 'objects that could have it in one payload, counted to 10';
comment on column payload_fields.absent_from is 'objects in a row that lack it, in payloads without it, counted to 10';
comment on column payload_fields.is_missing is 'whether it was reported as missing, and is not back';

create table payload_changes (
  change_id bigint generated always as identity primary key,
  detected_at timestamptz not null,
  marketplace text not null,
  path text not null,
  change text not null check (change in ('added', 'missing', 'retyped')),
  before text,
  after text,
  event_id bigint references events on delete set null,
  captured_at timestamptz not null
);
create index payload_changes_detected on payload_changes (detected_at);
comment on table payload_changes is 'one row per field that a marketplace began to send, no longer sends, or sends as another type';
comment on column payload_changes.before is 'its types before, such as string; null: it is new';
comment on column payload_changes.after is 'its types now; null: it is missing';
comment on column payload_changes.captured_at is 'of the response that showed it, of event_id';
comment on column payload_fields.marketplace is 'one of the names of the watchlist, such as stubhub';
comment on column payload_fields.path is 'such as [].sellerAllInPrice.amt; empty: the payload itself';
comment on column payload_fields.first_seen_at is 'when the response that first had it arrived';
comment on column payload_changes.change_id is 'number of the change';
comment on column payload_changes.detected_at is 'when it was seen: when the response arrived';
comment on column payload_changes.marketplace is 'as in payload_fields';
comment on column payload_changes.path is 'as in payload_fields';
comment on column payload_changes.change is 'added, missing or retyped; a renamed field is missing and added';
comment on column payload_changes.event_id is 'of the response that showed it; null: the event was deleted';
