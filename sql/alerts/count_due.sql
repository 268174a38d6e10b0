-- How many messages are due. Parameters: this_moment. Rows: 1.
select count(*)::integer as due
from alert_deliveries
where
  state = 'queued' and next_attempt_at <= %(this_moment)s and (leased_until is null or leased_until <= %(this_moment)s)
