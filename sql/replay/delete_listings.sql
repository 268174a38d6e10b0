-- Take out the listings of captures that are stored anew. Parameters: event_id, marketplace, captured (timestamptz[]),
-- seen_from, seen_until (timestamptz: the first and the last of them). Rows: none.
delete from listings
where
  event_id = %(event_id)s and marketplace = %(marketplace)s and captured_at >= %(seen_from)s and captured_at <= %(seen_until)s
  and captured_at = any(%(captured)s::timestamptz[])
