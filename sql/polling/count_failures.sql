-- How many attempts at an event failed within a span. Parameters: event_id, marketplace, finished_from, finished_until.
-- `unread_at`: when those ended whose response could not be read. Rows: 1.
select
  count(*)::integer as failed_attempts,
  coalesce(array_agg(finished_at) filter (where outcome = 'bad_payload'), '{}') as unread_at
from fetch_attempts
where
  event_id = %(event_id)s and marketplace = %(marketplace)s and outcome not in ('ok', 'empty')
  and finished_at >= %(finished_from)s and finished_at < %(finished_until)s
