-- Incidents that are not over, also those that are not told yet. Parameters: none. Rows: one per kind and subject.
select incident_id, kind, subject, first_seen_at, last_seen_at, opened_at, closed_at, summary, cause
from incidents
where closed_at is null
order by incident_id
