-- A failure of the marketplace itself: counted, and the breaker opens at the threshold, at once when a probe failed, and
-- at once and for long when we were blocked. Pauses double with each opening in a row, up to max_pause. A failure that
-- arrives while the breaker is open belongs to a request sent before: it neither opens it again nor changes the reason.
-- Parameters: marketplace, reason, is_blocked, threshold, pause, max_pause, blocked_pause, retry_after (intervals;
-- retry_after may be null: the wait that the server asked for, which holds for every process).
-- Rows: 1, the state after it.
with before as (
  select
    b.marketplace,
    case
      when %(is_blocked)s then 'blocked'
      when b.state = 'half_open' or (b.state = 'closed' and b.consecutive_failures + 1 >= %(threshold)s) then 'opens'
      else 'counted'
    end as effect
  from breaker_state as b
  where b.marketplace = %(marketplace)s
  for update
)

update breaker_state as b
set
  consecutive_failures = b.consecutive_failures + 1,
  state = case when f.effect = 'counted' then b.state else 'open' end,
  reason = case when f.effect = 'counted' and b.state = 'open' then b.reason else %(reason)s end,
  opened_at = case when f.effect = 'counted' then b.opened_at else coalesce(b.opened_at, clock_timestamp()) end,
  open_until = case f.effect
    when 'blocked' then clock_timestamp() + %(blocked_pause)s::interval
    when 'opens'
      then
        clock_timestamp() + least(
          %(max_pause)s::interval, %(pause)s::interval * power(2, least(b.consecutive_openings, 16))
        )
    else b.open_until
  end,
  consecutive_openings = b.consecutive_openings + case when f.effect = 'opens' then 1 else 0 end,
  next_request_at = greatest(b.next_request_at, clock_timestamp() + %(retry_after)s::interval),
  asked_until = greatest(b.asked_until, clock_timestamp() + %(retry_after)s::interval),
  updated_at = now()
from before as f
where b.marketplace = f.marketplace
returning b.state, b.reason, b.opened_at, b.open_until
