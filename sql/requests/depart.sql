-- Reserve the next moment at which a request may leave, and hold back permits until one after it may.
-- Parameters: marketplace, spacing (interval). Not idempotent: each call takes a moment. Rows: 1, the time until then.
update breaker_state as b
set
  next_departure_at = greatest(b.next_departure_at, clock_timestamp()) + %(spacing)s::interval,
  next_request_at = greatest(
    b.next_request_at, greatest(b.next_departure_at, clock_timestamp()) + %(spacing)s::interval
  )
where b.marketplace = %(marketplace)s
returning greatest(b.next_departure_at - %(spacing)s::interval - clock_timestamp(), interval '0') as wait
