-- Take out the rejected listings of captures that are stored anew. Parameters: event_id, marketplace, captured (timestamptz[]).
-- Rows: none.
delete from rejected_listings
where event_id = %(event_id)s and marketplace = %(marketplace)s and captured_at = any(%(captured)s::timestamptz[])
