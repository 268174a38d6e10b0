-- One writer at a time per event and marketplace, to the end of the transaction: judging a capture needs its predecessors.
-- Parameters: event_id, marketplace. Rows: 1, or none when the event was deleted meanwhile.
select event_id
from poll_schedule
where event_id = %(event_id)s and marketplace = %(marketplace)s
for update
