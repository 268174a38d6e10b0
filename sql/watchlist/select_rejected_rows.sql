-- The rejected sheet rows. Rows: one per bad row of the last sync.
select row_number, cells, reasons, first_seen_at, last_seen_at
from rejected_rows
order by row_number
