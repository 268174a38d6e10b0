-- Record a response that could not be read; it is counted apart from failed requests, since the request succeeded. The
-- breaker opens after `threshold` in a row; another one after the pause opens it again, for twice as long, up to
-- max_pause. One that arrives while it is open belongs to a request sent before.
-- Parameters: marketplace, reason, threshold, pause, max_pause (intervals). Rows: 1, the state after it.
with before as (
  select b.marketplace, b.state <> 'open' and b.unread_answers + 1 >= %(threshold)s as opens
  from breaker_state as b
  where b.marketplace = %(marketplace)s
  for update
)

update breaker_state as b
set
  unread_answers = b.unread_answers + 1,
  state = case when f.opens then 'open' else b.state end,
  reason = case when b.state = 'open' then b.reason else %(reason)s end,
  opened_at = case when f.opens then coalesce(b.opened_at, clock_timestamp()) else b.opened_at end,
  open_until = case
    when f.opens
      then
        clock_timestamp() + least(
          %(max_pause)s::interval, %(pause)s::interval * power(2, least(b.consecutive_openings, 16))
        )
    else b.open_until
  end,
  consecutive_openings = b.consecutive_openings + case when f.opens then 1 else 0 end,
  updated_at = now()
from before as f
where b.marketplace = f.marketplace
returning b.state, b.reason, b.opened_at, b.open_until
