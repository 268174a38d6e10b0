-- Store problems that hold: a new one begins an incident, a known one is seen again. Parameters: problems (jsonb array of
-- kind, subject, summary, cause and is_told), this_moment. Idempotent. Rows: every incident of the problems.
insert into incidents as i (kind, subject, first_seen_at, last_seen_at, opened_at, summary, cause)
select
  p.kind, p.subject, %(this_moment)s::timestamptz, %(this_moment)s::timestamptz,
  case when p.is_told then %(this_moment)s::timestamptz end, p.summary, p.cause
from jsonb_to_recordset(%(problems)s) as p (kind text, subject text, summary text, cause text, is_told boolean)
on conflict (kind, subject) where closed_at is null do update
  set
    last_seen_at = excluded.last_seen_at, opened_at = coalesce(i.opened_at, excluded.opened_at), summary = excluded.summary,
    cause = excluded.cause
returning
  i.incident_id, i.kind, i.subject, i.first_seen_at, i.last_seen_at, i.opened_at, i.closed_at, i.summary, i.cause
