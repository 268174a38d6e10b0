-- When the daemon last looked for incidents. Parameters: none. Rows: 1, or none where it never did.
select watched_at from operations_watch
