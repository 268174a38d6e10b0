-- Messages by channel; without an event they are about incidents.
-- Parameters: states (text[], or null: any), since (or null), most. Rows: the newest first.
select
  d.delivery_id, d.event_id, e.name, d.channel, d.title, d.state, d.attempts, d.next_attempt_at, d.error, d.created_at, d.ended_at
from alert_deliveries as d
left join events as e on e.event_id = d.event_id
where
  (%(states)s::text[] is null or d.state = any(%(states)s))
  and (%(since)s::timestamptz is null or d.created_at >= %(since)s)
order by d.delivery_id desc
limit %(most)s
