-- The rules of the last sync. Rows: one each, in their order.
select rule_id, name, cells
from alert_rules
where is_current
order by position
