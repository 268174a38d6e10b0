-- What fired and what ended. Parameters: since (or null), event_id (or null: all), most. Rows: the newest first.
select
  a.alert_event_id, r.name as alert, a.event_id, e.name, e.timezone, a.marketplace, a.zone, a.currency, a.fee_basis, a.kind,
  a.captured_at, a.since_at, a.captures, a.value, a.reference, a.is_muted, a.summary, a.created_at, d.told as deliveries
from alert_events as a
inner join alert_rules as r on r.rule_id = a.rule_id
inner join events as e on e.event_id = a.event_id
left join lateral (
  select
    concat_ws(
      ', ', nullif(count(*) filter (where m.state = 'sent'), 0) || ' sent',
      nullif(count(*) filter (where m.state = 'queued'), 0) || ' queued',
      nullif(count(*) filter (where m.state = 'dead'), 0) || ' dead'
    ) as told
  from alert_deliveries as m
  where m.event_id = a.event_id and a.alert_event_id = any(m.alert_event_ids)
) as d on true
where
  (%(since)s::timestamptz is null or a.created_at >= %(since)s)
  and (%(event_id)s::bigint is null or a.event_id = %(event_id)s)
order by a.alert_event_id desc
limit %(most)s
