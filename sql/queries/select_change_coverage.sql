-- Between which captures of one event changes are known. Parameters: event_id, changed_from, changed_until (timestamptz),
-- marketplace (null: all). Rows: one per marketplace with captures in the span.
select
  marketplace, (count(*) filter (where not is_suspect))::integer as captures,
  (count(*) filter (where is_suspect))::integer as suspects,
  (count(*) filter (where previous_captured_at is not null))::integer as comparisons,
  (count(*) filter (where not is_suspect and censored_because = 'not compared'))::integer as not_compared,
  min(previous_captured_at) as since_at, max(captured_at) filter (where not is_suspect) as until_at
from snapshots
where
  event_id = %(event_id)s and captured_at >= %(changed_from)s and captured_at < %(changed_until)s
  and (%(marketplace)s::text is null or marketplace = %(marketplace)s)
group by marketplace
order by marketplace
