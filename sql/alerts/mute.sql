-- Mute where a rule stands, or end that. Parameters: rule_id, event_id (or null: all), muted_until (or null),
-- until_resolved (boolean). Idempotent. Rows: those that it is true of now.
update alert_states
set muted_until = %(muted_until)s, is_muted_until_resolved = %(until_resolved)s
where rule_id = %(rule_id)s and (%(event_id)s::bigint is null or event_id = %(event_id)s)
returning event_id, marketplace, zone
