-- The captures stored since an instant. Parameters: since (timestamptz), most (integer). Rows: at most `most`, first first.
select s.captured_at, s.external_id, s.marketplace, s.accepted, s.tickets, e.name
from snapshots as s
inner join events as e on e.event_id = s.event_id
where s.captured_at >= %(since)s - interval '5 minutes' and s.stored_at >= %(since)s
order by s.stored_at
limit %(most)s
