-- Keep the last capture that the rules were tried on. Parameters, arrays: event_ids, marketplaces, captured. Rows: none.
insert into alert_progress (event_id, marketplace, captured_at)
select u.event_id, u.marketplace, max(u.captured_at)
from unnest(%(event_ids)s::bigint[], %(marketplaces)s::text[], %(captured)s::timestamptz[]) as u (event_id, marketplace, captured_at)
group by u.event_id, u.marketplace
on conflict (event_id, marketplace) do update
  set captured_at = greatest(alert_progress.captured_at, excluded.captured_at)
