-- Queue messages, about an event's alerts or about incidents. Parameters: deliveries (jsonb array of the columns).
-- Rows: none.
insert into alert_deliveries (
  event_id, alert_event_ids, incident_ids, channel, title, body, quiet_hours, timezone, next_attempt_at, created_at
)
select
  r.event_id, array(select jsonb_array_elements_text(r.alert_event_ids)::bigint),
  array(select jsonb_array_elements_text(r.incident_ids)::bigint), r.channel, r.title, r.body, r.quiet_hours, r.timezone,
  r.next_attempt_at, r.created_at
from jsonb_to_recordset(%(deliveries)s) as r (
  event_id bigint, alert_event_ids jsonb, incident_ids jsonb, channel text, title text, body text, quiet_hours text, timezone text,
  next_attempt_at timestamptz, created_at timestamptz
)
