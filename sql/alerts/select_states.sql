-- Where the rules stand with these events. Parameters: event_ids. Rows: one per rule and subject.
select s.*
from alert_states as s
inner join alert_rules as r on r.rule_id = s.rule_id and r.is_current
where s.event_id = any(%(event_ids)s)
