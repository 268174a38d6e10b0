-- Delete incidents that were over before anybody was told. Parameters: incident_ids. Rows: none.
delete from incidents
where incident_id = any(%(incident_ids)s) and opened_at is null
