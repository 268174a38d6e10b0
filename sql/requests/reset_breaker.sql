-- Close the breaker and reset its counts after the cause was fixed. A wait that the marketplace asked for stays,
-- unless forced. Parameters: marketplace, force (boolean). Idempotent. Rows: 1 if known, with whether polling was paused
-- or on trial.
with before as (
  select b.marketplace, b.state
  from breaker_state as b
  where b.marketplace = %(marketplace)s
  for update
)

update breaker_state as b
set
  state = 'closed', reason = null, opened_at = null, open_until = null, consecutive_failures = 0,
  consecutive_openings = 0, unread_answers = 0,
  next_request_at = case when %(force)s then 'epoch' else coalesce(b.asked_until, 'epoch') end,
  asked_until = case when not %(force)s then b.asked_until end, updated_at = now()
from before
where b.marketplace = before.marketplace
returning b.marketplace, before.state <> 'closed' as was_paused
