-- Give each scheduled event the interval that holds now: the sheet's own, else the base interval times the share of its
-- time-to-event band; and move its due time where the interval changed, so that a change takes effect at the next tick.
-- A failing event whose interval became shorter waits for one such interval since its last attempt (at least retry_base),
-- if its back-off is longer, but not less than the marketplace asked for or a pause of its breaker lasts. Its failures stay
-- counted: after the next one it waits as before. A longer interval leaves a back-off as it is. Rows are locked in the order of
-- snapshots/lock_sources.
-- Parameters: marketplace, base_interval, band_floors (interval[]), band_shares (double precision[]), retry_base,
-- this_moment. Idempotent: only rows whose interval differs are written. Rows: none.
with wanted as (
  select
    p.event_id, p.marketplace,
    case
      when e.event_at <= %(this_moment)s or not e.is_tracked then null
      else coalesce(
        e.poll_interval,
        %(base_interval)s * (
          select b.share
          from unnest(%(band_floors)s::interval[], %(band_shares)s::double precision[]) as b (floor, share)
          where e.event_at - %(this_moment)s >= b.floor
          order by b.floor desc
          limit 1
        )
      )
    end as poll_interval
  from poll_schedule as p
  inner join events as e on e.event_id = p.event_id
  where p.marketplace = %(marketplace)s
),

changed as materialized (
  select p.event_id, p.marketplace, w.poll_interval
  from poll_schedule as p
  inner join wanted as w on w.event_id = p.event_id and w.marketplace = p.marketplace
  where p.poll_interval is distinct from w.poll_interval
  order by p.event_id, p.marketplace
  for update of p
)

update poll_schedule as p
set
  poll_interval = w.poll_interval,
  next_due_at = case
    when p.consecutive_failures > 0 and w.poll_interval < p.poll_interval
      then
        least(
          p.next_due_at,
          greatest(
            p.last_attempt_at + greatest(w.poll_interval * p.jitter_factor, %(retry_base)s::interval),
            (
              select greatest(b.next_request_at, case when b.state <> 'closed' then b.open_until end)
              from breaker_state as b
              where b.marketplace = p.marketplace
            )
          )
        )
    when p.consecutive_failures > 0 or p.anchor_at is null or w.poll_interval is null then p.next_due_at
    else p.anchor_at + w.poll_interval * p.jitter_factor
  end
from changed as w
where p.event_id = w.event_id and p.marketplace = w.marketplace
