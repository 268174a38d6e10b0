-- Make the rejected rows those of the last sync: new ones in, fixed ones out, first_seen_at kept while the text stays the same.
-- Parameters: rows (jsonb array of row_number, cells, reasons). Idempotent. Rows: none.
with incoming as (
  select r.row_number, r.cells, array(select jsonb_array_elements_text(r.reasons)) as reasons
  from jsonb_to_recordset(%(rows)s) as r (row_number integer, cells jsonb, reasons jsonb)
),

fixed as (
  delete from rejected_rows as q
  where not exists (
    select 1 from incoming as i
    where i.row_number = q.row_number
  )
)

insert into rejected_rows (row_number, cells, reasons)
select row_number, cells, reasons
from incoming
on conflict (row_number) do update
  set
    first_seen_at = case when rejected_rows.cells = excluded.cells then rejected_rows.first_seen_at else now() end,
    cells = excluded.cells, reasons = excluded.reasons, last_seen_at = now()
