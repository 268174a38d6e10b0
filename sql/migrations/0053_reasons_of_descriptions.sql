-- The watchlist's health gives a reason for marketplaces that only describe events, too, as market_health does.
create or replace function watchlist_health(p_at timestamptz default now())
returns table (
  state text, event_id bigint, name text, marketplace text, sheet_row integer, since_at timestamptz, detail text, items integer
)
language sql stable
begin atomic
  with sources as (
    select h.event_id, h.marketplace, h.health, h.newest_at, h.captured_at, h.reason
    from market_health(p_at) as h
    union all
    -- Marketplaces that only describe events.
    select
      p.event_id, p.marketplace,
      case
        when e.event_at <= p_at then 'over'
        when not e.is_tracked or s.event_id is null then 'untracked'
        when k.state <> 'closed' and k.open_until > p_at or k.asked_until > p_at then 'paused'
        when p.last_success_at is null then 'never seen'
        when p.last_success_at + 2 * coalesce(p.poll_interval, interval '12 hours') + interval '5 minutes' < p_at then 'stale'
        when p.consecutive_failures > 0 then 'failing'
        else 'ok'
      end,
      p.last_success_at as newest_at, null as captured_at,
      coalesce(
        p.last_error, case when p.last_success_at is null then 'no attempt has ended yet' else 'nothing has been tried since' end
      )
    from poll_schedule as p
    inner join events as e on e.event_id = p.event_id
    left join event_sources as s on s.event_id = p.event_id and s.marketplace = p.marketplace and s.is_current
    left join breaker_state as k on k.marketplace = p.marketplace
    where not has_listings(p.marketplace)
  )

  select h.health, h.event_id, e.name, h.marketplace, e.sheet_row, h.newest_at, h.reason, 1
  from sources as h
  inner join events as e on e.event_id = h.event_id
  where h.health not in ('ok', 'over', 'untracked', 'paused')
  union all
  select h.health, null, null, h.marketplace, null, null, null, count(*)::integer
  from sources as h
  where h.health in ('ok', 'over')
  group by h.health, h.marketplace
  union all
  select
    'paused', null, null, k.marketplace, null, k.opened_at, coalesce(k.reason, 'the marketplace asked to wait'),
    (
      select count(*)::integer
      from sources as h
      where h.marketplace = k.marketplace and h.health = 'paused'
    )
  from breaker_state as k
  where k.state <> 'closed' and k.open_until > p_at or k.asked_until > p_at
  union all
  select
    'budget spent', null, null, b.marketplace, null, null,
    format('all %s of %s hours, %s', b.max_requests, round(extract(epoch from b.budget_window) / 3600), b.applies_to), b.used
  from (
    select r.marketplace, r.max_requests, r.budget_window, r.applies_to, count(*)::integer as used
    from request_budget as r
    inner join request_slots as s
      on s.marketplace = r.marketplace and s.budget_window = r.budget_window and s.applies_to = r.applies_to
    where s.busy_until > p_at and r.budget_window >= interval '1 hour'
    group by r.marketplace, r.max_requests, r.budget_window, r.applies_to
  ) as b
  where b.used >= b.max_requests
  union all
  select 'unmapped', h.event_id, e.name, h.marketplace, e.sheet_row, h.captured_at, u.sections, u.items
  from sources as h
  inner join events as e on e.event_id = h.event_id
  left join lateral (
    select string_agg(distinct l.section, ', ') as sections, count(distinct l.section)::integer as items
    from listings as l
    where
      l.event_id = h.event_id and l.marketplace = h.marketplace and l.captured_at = h.captured_at and l.admission = 'seat'
      and l.zone is null
  ) as u on true
  where
    u.items > 0 and e.is_tracked and e.event_at > p_at and lower(e.venue) in (select lower(z.venue) from venue_zones as z)
  union all
  select 'rejected row', null, null, null, r.row_number, r.first_seen_at, array_to_string(r.reasons, '; '), 1
  from rejected_rows as r
  order by 1, 4, 5;
end;
