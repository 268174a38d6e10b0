-- A person has mended the cause: close the breaker and forget the past. Parameters: marketplace. Idempotent. Rows: 1 if known,
-- with whether polling was paused or on trial.
with before as (
  select b.marketplace, b.state
  from breaker_state as b
  where b.marketplace = %(marketplace)s
  for update
)

update breaker_state as b
set
  state = 'closed', reason = null, opened_at = null, open_until = null, consecutive_failures = 0,
  consecutive_openings = 0, unread_answers = 0, next_request_at = 'epoch', updated_at = now()
from before
where b.marketplace = before.marketplace
returning b.marketplace, before.state <> 'closed' as was_paused
