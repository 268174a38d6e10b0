-- Where the rules of the last sync stand. Parameters: this_moment, event_id (or null: all). Rows: one per rule and subject in
-- the order of the rules; one for a rule without any subject, where all events are asked for.
select
  r.rule_id, r.name as alert, coalesce(r.cells ->> 'Measure', '') as measure, coalesce(r.cells ->> 'Condition', '') as condition,
  s.event_id, e.name, s.marketplace, s.zone, s.currency, s.fee_basis, s.state, s.obstacle, h.health, h.reason, s.value, s.reference,
  s.since_at, s.fired_at, greatest(s.captured_at, k.captured_at) as captured_at,
  coalesce(s.is_muted_until_resolved or s.muted_until > %(this_moment)s, false) as is_muted,
  case when s.muted_until > %(this_moment)s then s.muted_until end as muted_until
from alert_rules as r
left join alert_states as s on s.rule_id = r.rule_id and s.event_id = coalesce(%(event_id)s::bigint, s.event_id)
left join events as e on e.event_id = s.event_id
left join alert_progress as k on k.event_id = s.event_id and k.marketplace = s.marketplace
left join market_health(%(this_moment)s) as h on h.event_id = s.event_id and h.marketplace = s.marketplace
where r.is_current and (s.event_id is not null or %(event_id)s::bigint is null)
order by r.position, e.event_at, s.event_id, s.marketplace, s.zone, s.currency, s.fee_basis
