-- Captures of one event and marketplace whose body is kept, in order. Parameters: event_id, marketplace, since, until
-- (timestamptz, exclusive), most. Rows: at most `most`.
select
  s.event_id, s.marketplace, s.external_id, e.name, e.venue, e.city, e.timezone, e.event_at, s.captured_at, r.body, r.encoding
from snapshots as s
inner join raw_payloads as r
  on r.event_id = s.event_id and r.marketplace = s.marketplace and r.captured_at = s.captured_at
inner join events as e on e.event_id = s.event_id
where
  s.event_id = %(event_id)s and s.marketplace = %(marketplace)s
  and s.captured_at >= %(since)s and s.captured_at < %(until)s
order by s.captured_at
limit %(most)s
