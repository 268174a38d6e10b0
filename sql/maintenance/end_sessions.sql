-- End the sessions of one piece of work, and wait up to 5 s for each to be gone. Parameters: name (its
-- application_name). Idempotent. Rows: one per session that there was.
select pg_terminate_backend(pid, 5000) as is_gone
from pg_stat_activity
where application_name = %(name)s and datname = current_database() and pid <> pg_backend_pid()
