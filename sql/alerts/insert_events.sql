-- Store what fired or ended, each once. Parameters: events (jsonb array of the columns). Rows: those that are new.
insert into alert_events (
  rule_id, event_id, marketplace, zone, currency, fee_basis, kind, captured_at, since_at, captures, value, reference,
  reference_at, is_muted, summary, created_at
)
select
  r.rule_id, r.event_id, r.marketplace, r.zone, r.currency, r.fee_basis, r.kind, r.captured_at, r.since_at, r.captures, r.value,
  r.reference, r.reference_at, r.is_muted, r.summary, r.created_at
from
  jsonb_to_recordset(%(events)s)
    as r (
      rule_id bigint, event_id bigint, marketplace text, zone text, currency text, fee_basis text, kind text, captured_at timestamptz,
      since_at timestamptz, captures integer, value numeric, reference numeric, reference_at timestamptz, is_muted boolean,
      summary text, created_at timestamptz
    )
on conflict do nothing
returning alert_event_id, rule_id, event_id, marketplace, zone, currency, fee_basis, captured_at, kind
