-- Note that the daemon looked for incidents. Parameters: this_moment. Idempotent. Rows: none.
insert into operations_watch (watched_at) values (%(this_moment)s)
on conflict (is_only) do update set watched_at = excluded.watched_at
