-- What deleting the untracked events would take with it. Parameters: none. Rows: one per untracked event.
-- The two inner counts are bounded by the event's own first and last snapshot.
select
  e.event_id, e.name, e.event_date, e.untracked_at, count(s.captured_at)::integer as snapshots,
  coalesce(sum(s.accepted), 0)::bigint as listings, min(s.captured_at) as first_captured_at,
  max(s.captured_at) as last_captured_at,
  (
    select array_agg(es.external_id order by es.external_id) from event_sources as es
    where es.event_id = e.event_id
  ) as external_ids
from events as e
left join snapshots as s on s.event_id = e.event_id
where not e.is_tracked
group by e.event_id
order by e.event_id
