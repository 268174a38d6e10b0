-- Bring the rules to those of the last sync; the states of a rule whose definition changed start anew.
-- Parameters: rules (jsonb array of name, cells, definition, position). Idempotent. Rows: none.
with incoming as materialized (
  select r.name, r.cells, r.definition, r.position
  from jsonb_to_recordset(%(rules)s) as r (name text, cells jsonb, definition text, position integer)
),

retired as (
  update alert_rules as a
  set is_current = false
  where a.is_current and not exists (
    select 1 from incoming as i
    where i.name = a.name
  )
),

reset as (
  delete from alert_states as s
  using alert_rules as a
  where
    a.rule_id = s.rule_id and not exists (
      select 1 from incoming as i
      where i.name = a.name and i.definition = a.definition
    )
)

insert into alert_rules (name, cells, definition, position)
select name, cells, definition, position
from incoming
on conflict (name) do update
  set
    cells = excluded.cells, definition = excluded.definition, position = excluded.position, is_current = true,
    changed_at = case when alert_rules.cells = excluded.cells then alert_rules.changed_at else now() end
