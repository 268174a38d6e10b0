-- Mark the hours of captures that were judged by other rules than those of now. Marks are locked in the same order
-- everywhere: no deadlocks. Parameters: sources (jsonb array of event_id, marketplace, fingerprint). Idempotent.
-- Rows: 1, the number of events and of their hours.
with marked as (
  insert into stale_prices (grain, starts_at, event_id, marketplace)
  select distinct 'hour', date_bin('1 hour', s.captured_at, timestamptz '2000-01-01 00:00+00'), s.event_id, s.marketplace
  from jsonb_to_recordset(%(sources)s) as r (event_id bigint, marketplace text, fingerprint text)
  inner join snapshots as s on s.event_id = r.event_id and s.marketplace = r.marketplace
  where s.admission_rules is distinct from r.fingerprint
  order by 2, 3, 4
  on conflict (grain, starts_at, event_id, marketplace) do update
    set marked_at = now()
  returning event_id
)

select count(distinct event_id) as events, count(*) as hours
from marked
