-- The last capture of an event before a moment. Parameters: event_id, captured_at. Rows: 1, or none.
select captured_at, status, local_date, local_time, event_at, venue
from ticketmaster_events
where event_id = %(event_id)s and captured_at < %(captured_at)s
order by captured_at desc
limit 1
