-- By which rules the captures of a span were judged. Parameters: starts_from, starts_until. Rows: one per event,
-- marketplace and fingerprint (null: before there were rules).
select s.event_id, s.marketplace, e.venue, s.admission_rules
from snapshots as s
inner join events as e on e.event_id = s.event_id
where s.captured_at >= %(starts_from)s and s.captured_at < %(starts_until)s
group by s.event_id, s.marketplace, e.venue, s.admission_rules
order by s.event_id, s.marketplace
