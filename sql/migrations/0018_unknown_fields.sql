-- Fields that could not be read, or that contradict the rest of their listing; suspects that contradict their totals.
alter table snapshots add column unknown_fields jsonb not null default '{}';
comment on column snapshots.unknown_fields is 'why fields of accepted listings are unknown: reason -> how many listings';
comment on column snapshots.is_suspect is
'far fewer listings than the last trusted capture, or not the totals announced beside them; and not yet confirmed';

-- A response of which nothing could be read counts once in its hour, as failed: these hours are built again.
insert into stale_prices (grain, starts_at, event_id, marketplace)
select distinct 'hour', date_bin('1 hour', s.captured_at, timestamptz '2000-01-01 00:00+00'), s.event_id, s.marketplace
from snapshots as s
where s.accepted = 0 and s.received > 0 and has_listings(s.marketplace)
on conflict (grain, starts_at, event_id, marketplace) do nothing;

-- Test events that Ticketmaster publishes.
alter table ticketmaster_events add column is_test boolean not null default false;
