-- Bring the attempt that brought a capture to what was read again: a response that can be read now was no failure.
-- Parameters: event_id, marketplace, captured_at, outcome, accepted, rejected, error. Idempotent. Rows: none.
update fetch_attempts
set outcome = %(outcome)s, listings = %(accepted)s, rejected = %(rejected)s, error = %(error)s
where
  event_id = %(event_id)s and marketplace = %(marketplace)s and finished_at = %(captured_at)s
  and outcome in ('ok', 'empty', 'bad_payload')
