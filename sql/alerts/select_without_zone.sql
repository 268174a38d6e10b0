-- Rules that no capture since their last change held anything for. Parameters, arrays with one element per rule, event
-- and marketplace: rule_ids, event_ids, marketplaces. Rows: one per rule.
select r.rule_id
from unnest(%(rule_ids)s::bigint[], %(event_ids)s::bigint[], %(marketplaces)s::text[]) as q (rule_id, event_id, marketplace)
inner join alert_rules as r on r.rule_id = q.rule_id
inner join alert_progress as p on p.event_id = q.event_id and p.marketplace = q.marketplace and p.captured_at > r.changed_at
left join alert_states as s on s.rule_id = r.rule_id
where s.rule_id is null
group by r.rule_id
