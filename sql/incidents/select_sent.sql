-- Incidents of which a channel has a message, sent, queued or given up on. Parameters: channels, since. Rows: one per incident.
select distinct i.incident_id
from alert_deliveries as d
cross join unnest(d.incident_ids) as i (incident_id)
where d.created_at >= %(since)s and d.channel = any(%(channels)s)
