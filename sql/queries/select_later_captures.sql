-- The captures of an event that are dated later than now: the clock was set back since. Parameters: event_id, marketplace,
-- this_moment. Rows: up to 100, none while the clock is right.
select captured_at
from snapshots
where event_id = %(event_id)s and marketplace = %(marketplace)s and captured_at > %(this_moment)s
order by captured_at
limit 100
