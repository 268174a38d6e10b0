-- Wait for those who are storing captures of these sources, and let no other begin, to the end of the transaction: the
-- order of locks is that of storing a capture. Parameters: event_ids (bigint[]). Rows: one per source.
select event_id, marketplace
from poll_schedule
where event_id = any(%(event_ids)s::bigint[])
order by event_id, marketplace
for update
