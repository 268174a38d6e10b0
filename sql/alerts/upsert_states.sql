-- Keep where rules stand. Parameters: states (jsonb array of the columns). A recovery ends a mute until resolved. Rows: none.
insert into alert_states (
  rule_id, event_id, marketplace, zone, currency, fee_basis, state, streak, is_open, since_at, fired_at, captured_at, value,
  reference, reference_at, deviation, extreme, obstacle
)
select
  r.rule_id, r.event_id, r.marketplace, r.zone, r.currency, r.fee_basis, r.state, r.streak, r.is_open, r.since_at, r.fired_at,
  r.captured_at, r.value, r.reference, r.reference_at, r.deviation, r.extreme,
  r.obstacle
from
  jsonb_to_recordset(%(states)s)
    as r (
      rule_id bigint, event_id bigint, marketplace text, zone text, currency text, fee_basis text, state text, streak integer,
      is_open boolean, since_at timestamptz, fired_at timestamptz, captured_at timestamptz, value numeric, reference numeric,
      reference_at timestamptz, deviation numeric, extreme numeric, obstacle text
    )
on conflict (rule_id, event_id, marketplace, zone, currency, fee_basis) do update
  set
    state = excluded.state, streak = excluded.streak, is_open = excluded.is_open, since_at = excluded.since_at,
    fired_at = excluded.fired_at, captured_at = excluded.captured_at, value = excluded.value, reference = excluded.reference,
    reference_at = excluded.reference_at, deviation = excluded.deviation, extreme = excluded.extreme,
    obstacle = excluded.obstacle,
    is_muted_until_resolved = alert_states.is_muted_until_resolved and not (alert_states.is_open and not excluded.is_open)
