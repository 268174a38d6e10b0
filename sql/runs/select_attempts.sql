-- Attempts at events, newest first. Parameters: since, marketplace (null: all), event_ids (null: all), is_failed_only,
-- most. Rows: at most `most`.
select
  a.finished_at, a.marketplace, a.external_id, e.name, a.outcome, a.status, a.tries, a.latency_seconds, a.bytes,
  a.listings, a.rejected, a.error, a.run_id
from fetch_attempts as a
inner join events as e on a.event_id = e.event_id
where
  a.finished_at >= %(since)s
  and (%(marketplace)s::text is null or a.marketplace = %(marketplace)s)
  and (%(event_ids)s::bigint[] is null or a.event_id = any(%(event_ids)s))
  and (not %(is_failed_only)s or a.outcome not in ('ok', 'empty'))
order by a.finished_at desc, a.attempt_id desc
limit %(most)s
