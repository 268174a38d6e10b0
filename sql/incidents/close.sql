-- End incidents. Parameters: incident_ids, this_moment. Rows: none.
update incidents set closed_at = %(this_moment)s
where incident_id = any(%(incident_ids)s) and closed_at is null
