-- The user's own rules of what is a seat, and what is needed to apply changed rules to history.
create table admission_rules (
  position integer primary key,
  marketplace text,
  venue text,
  section_pattern text not null,
  admission text not null
);
comment on table admission_rules is 'the user''s rules as last synced: the first that matches a section counts, before the built-in table';
comment on column admission_rules.marketplace is 'null: any; so venue';

alter table snapshots add column admission_rules text;
comment on column snapshots.admission_rules is 'fingerprint of the rules that decided what is a seat; null: those before there were any';
alter table snapshots add column set_aside integer not null default 0;
comment on column snapshots.set_aside is 'rejected only because they are parking passes or extras';
alter table listings add column notes text;
comment on column listings.notes is 'what the marketplace says of the listing, only where that decides what it is';
alter table rejected_listings add column listing jsonb;
comment on column rejected_listings.listing is 'columns of a listing that was excluded, so that it can come back';

update snapshots as s
set set_aside = r.set_aside
from (
  select event_id, marketplace, captured_at, count(*)::integer as set_aside
  from rejected_listings
  where reasons = array['parking pass, not a seat']
  group by event_id, marketplace, captured_at
) as r
where s.event_id = r.event_id and s.marketplace = r.marketplace and s.captured_at = r.captured_at;
