-- Rows of the last sync that are no rules. Rows: one each, in their order.
select row_number, cells, reasons
from rejected_alert_rules
order by row_number
