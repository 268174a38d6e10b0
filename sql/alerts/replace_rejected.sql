-- Keep the rows of the last sync that are no rules. Parameters: rows (jsonb array of row_number, cells, reasons).
-- Idempotent. Rows: none.
with incoming as materialized (
  select r.row_number, r.cells, array(select jsonb_array_elements_text(r.reasons)) as reasons
  from jsonb_to_recordset(%(rows)s) as r (row_number integer, cells jsonb, reasons jsonb)
),

fixed as (
  delete from rejected_alert_rules as q
  where not exists (
    select 1 from incoming as i
    where i.row_number = q.row_number
  )
)

insert into rejected_alert_rules (row_number, cells, reasons)
select row_number, cells, reasons
from incoming
on conflict (row_number) do update set cells = excluded.cells, reasons = excluded.reasons
