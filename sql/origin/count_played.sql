-- How many polls of the past are stored. Parameters: finished_until. Rows: 1.
select count(*)::integer as polls
from fetch_attempts
where finished_at < %(finished_until)s
