-- Incidents that were told: those that are not over, and those that began or ended since an instant. Parameters: since
-- (timestamptz, or null: only those that are not over), most. Rows: what is not over first, then the newest.
select
  i.incident_id, i.kind, i.subject, i.opened_at, i.closed_at, i.summary, i.cause, i.first_seen_at, i.last_seen_at,
  d.told as deliveries
from incidents as i
left join lateral (
  select
    concat_ws(
      ', ', nullif(count(*) filter (where m.state = 'sent'), 0) || ' sent',
      nullif(count(*) filter (where m.state = 'queued'), 0) || ' queued',
      nullif(count(*) filter (where m.state = 'dead'), 0) || ' dead'
    ) as told
  from alert_deliveries as m
  where m.created_at >= i.opened_at and i.incident_id = any(m.incident_ids)
) as d on true
where
  i.opened_at is not null
  and (i.closed_at is null or i.opened_at >= %(since)s::timestamptz or i.closed_at >= %(since)s::timestamptz)
order by i.closed_at is not null, i.opened_at desc, i.incident_id desc
limit %(most)s
