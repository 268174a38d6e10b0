-- Permits in batches: one call settles the requests that ended and takes permits for all that wait. And cached responses
-- are plain rows: nobody claims the fetching of one any more.

-- As in 0008, for several requests at once. First every permit of `p_ended` is settled: its slots stay busy for one
-- window more, since the server has seen the request; of those in `p_unanswered` (a time-out) the server may see the
-- request yet, so only the slot of requests in flight is freed. Then up to `p_wanted` permits are taken at once where
-- requests need no distance and the breaker is closed, else one. All of it happens under the lock of the breaker's row.
-- `permit_ids` is empty where nothing may be sent now: then `wait` is how long until trying again makes sense, or
-- `refusal` why nothing may be sent.
drop function acquire_request(text, interval, interval, boolean);
create function exchange_permits(
  p_marketplace text, p_wanted integer, p_spacing interval, p_hold interval, p_is_polling boolean,
  p_ended bigint[], p_unanswered bigint[], p_is_healthy boolean
)
returns table (permit_ids bigint[], wait interval, refusal text)
language plpgsql
as $$
declare
  breaker breaker_state;
  this_moment timestamptz;
  budget request_budget;
  surplus bigint;
  free_slots bigint;
  granted bigint := p_wanted;
  longest_wait interval := interval '0';
  new_permits bigint[];
begin
  -- Everybody who asks for this marketplace queues on this row for the millisecond this takes.
  select * into breaker from breaker_state b where b.marketplace = p_marketplace for update;
  if not found then
    raise exception 'no budget is set up for marketplace %', p_marketplace;
  end if;
  this_moment := clock_timestamp();

  if cardinality(p_ended) > 0 or cardinality(p_unanswered) > 0 then
    update request_slots s
    set busy_until = this_moment + s.budget_window
    where s.permit_id = any(p_ended) or (s.permit_id = any(p_unanswered) and s.budget_window = interval '0');
  end if;
  -- A good response: failures are forgotten, and a probe closes the breaker. An open breaker stays open: this response
  -- belongs to a request sent before it opened. After responses that could not be read, openings are forgotten only
  -- with the first that can (`record_read`).
  if p_is_healthy and (breaker.state = 'half_open' or (breaker.state = 'closed' and breaker.consecutive_failures > 0)) then
    update breaker_state b
    set
      state = 'closed', reason = null, opened_at = null, open_until = null, consecutive_failures = 0,
      consecutive_openings = case when b.unread_answers = 0 then 0 else b.consecutive_openings end, updated_at = now()
    where b.marketplace = p_marketplace
    returning * into breaker;
  end if;
  if p_wanted <= 0 then
    return query select '{}'::bigint[], interval '0', null::text;
    return;
  end if;

  if breaker.state <> 'closed' and breaker.open_until > this_moment then
    return query select '{}'::bigint[], breaker.open_until - this_moment, coalesce(breaker.reason, 'the breaker is open');
    return;
  end if;
  if breaker.state <> 'closed' or p_spacing > interval '0' then
    granted := 1;
  end if;
  longest_wait := greatest(longest_wait, breaker.next_request_at - this_moment);

  for budget in
    select * from request_budget r where r.marketplace = p_marketplace and (p_is_polling or r.applies_to = 'everybody')
  loop
    -- With u slots above a lowered limit, u slots must stay free.
    select count(*) into surplus
    from request_slots u
    where
      u.marketplace = p_marketplace and u.budget_window = budget.budget_window and u.applies_to = budget.applies_to
      and u.slot > budget.max_requests;
    select count(*) into free_slots
    from (
      select 1
      from request_slots s
      where
        s.marketplace = p_marketplace and s.budget_window = budget.budget_window and s.applies_to = budget.applies_to
        and s.busy_until <= this_moment
      limit granted + surplus
    ) as f;
    granted := least(granted, free_slots - surplus);
    if granted <= 0 then
      granted := 1;  -- whatever another budget allows, the wait is what counts now
      longest_wait := greatest(longest_wait, (
        select s.busy_until
        from request_slots s
        where
          s.marketplace = p_marketplace and s.budget_window = budget.budget_window and s.applies_to = budget.applies_to
        order by s.busy_until
        limit 1 offset surplus
      ) - this_moment);
    end if;
  end loop;
  if longest_wait > interval '0' then
    return query select '{}'::bigint[], longest_wait, null::text;
    return;
  end if;

  select array_agg(nextval('request_permits')) into new_permits from generate_series(1, granted);
  for budget in
    select * from request_budget r where r.marketplace = p_marketplace and (p_is_polling or r.applies_to = 'everybody')
  loop
    with chosen as (
      -- In the order of the index, and numbered after the limit: else every free slot would be read each time.
      select f.slot, row_number() over () as position
      from (
        select s.slot
        from request_slots s
        where
          s.marketplace = p_marketplace and s.budget_window = budget.budget_window and s.applies_to = budget.applies_to
          and s.busy_until <= this_moment
        order by s.busy_until
        limit granted
      ) as f
    )

    update request_slots s
    set busy_until = this_moment + p_hold + budget.budget_window, permit_id = new_permits[c.position]
    from chosen as c
    where
      s.marketplace = p_marketplace and s.budget_window = budget.budget_window and s.applies_to = budget.applies_to
      and s.slot = c.slot;
  end loop;
  update breaker_state b
  set
    next_request_at = this_moment + p_spacing,
    -- An opened breaker whose pause is over lets one probe through; nobody else until the probe has ended.
    state = case when b.state = 'closed' then 'closed' else 'half_open' end,
    open_until = case when b.state = 'closed' then b.open_until else this_moment + p_hold end
  where b.marketplace = p_marketplace;
  return query select new_permits, interval '0', null::text;
end
$$;

alter table kept_answers rename to cached_responses;
alter index kept_answers_event rename to cached_responses_event;
delete from cached_responses
where body is null;
alter table cached_responses drop column claimed_by, drop column claimed_until;
alter table cached_responses alter column body set not null, alter column stored_at set not null;
alter table cached_responses alter column original_bytes set not null;
