-- The changes of payloads that were detected in a span. Parameters: since, until (timestamptz, exclusive; null: no end),
-- marketplace (null: all). Rows: one per change, newest first.
select
  c.change_id, c.detected_at, c.marketplace, c.path, c.change, c.before, c.after, c.event_id, e.name as event_name, c.captured_at
from payload_changes as c
left join events as e on e.event_id = c.event_id
where
  c.detected_at >= %(since)s
  and (%(until)s::timestamptz is null or c.detected_at < %(until)s)
  and (%(marketplace)s::text is null or c.marketplace = %(marketplace)s)
order by c.detected_at desc, c.marketplace asc, c.path asc, c.change asc
