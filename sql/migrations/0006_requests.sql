-- Permission to send a request, shared by all processes: budgets, spacing, concurrency and the breaker of a marketplace.
--
-- A budget of N requests per window is N slots. A request holds one slot from its permission until a window after its
-- answer arrived. The server saw it in between, so two requests of one slot are seen at least a window apart, and no
-- sliding window of the server's log can hold more than N. A window of zero seconds is a limit of requests under way.
-- After N was lowered, the slots above N stay until they are free, and as many fewer of all slots may be busy: what the
-- server has seen is never forgotten, however often limits change.
create table breaker_state (
  marketplace text primary key,
  state text not null default 'closed' check (state in ('closed', 'open', 'half_open')),
  reason text,
  opened_at timestamptz,
  open_until timestamptz,
  consecutive_failures integer not null default 0,
  consecutive_openings integer not null default 0,
  next_request_at timestamptz not null default 'epoch',
  updated_at timestamptz not null default now()
);

create table request_budget (
  marketplace text not null references breaker_state on delete cascade,
  budget_window interval not null check (budget_window >= interval '0'),
  max_requests integer not null check (max_requests > 0),
  primary key (marketplace, budget_window)
);

create table request_slots (
  marketplace text not null,
  budget_window interval not null,
  slot integer not null,
  busy_until timestamptz not null default 'epoch',
  permit_id bigint,
  primary key (marketplace, budget_window, slot),
  foreign key (marketplace, budget_window) references request_budget on delete cascade
);
create index request_slots_free on request_slots (marketplace, budget_window, busy_until);
create index request_slots_permit on request_slots (permit_id);

create sequence request_permits;

-- Ask to send one request now. Either permit_id is set (go), or wait says how long until asking again makes sense, or
-- refusal says why nothing may be sent (wait then tells when that may end). `hold` bounds how long the request can
-- last: the slots of a process that dies come back a window after that.
create function acquire_request(p_marketplace text, p_spacing interval, p_hold interval)
returns table (permit_id bigint, wait interval, refusal text)
language plpgsql
as $$
declare
  breaker breaker_state;
  this_moment timestamptz;
  budget request_budget;
  free_slot integer;
  free_at timestamptz;
  longest_wait interval := interval '0';
  new_permit bigint;
begin
  -- Everybody who asks for this marketplace queues on this row for the fraction of a millisecond this takes.
  select * into breaker from breaker_state b where b.marketplace = p_marketplace for update;
  if not found then
    raise exception 'no budget is set up for marketplace %', p_marketplace;
  end if;
  this_moment := clock_timestamp();

  if breaker.state <> 'closed' and breaker.open_until > this_moment then
    return query select null::bigint, breaker.open_until - this_moment, coalesce(breaker.reason, 'the breaker is open');
    return;
  end if;
  longest_wait := greatest(longest_wait, breaker.next_request_at - this_moment);

  for budget in select * from request_budget r where r.marketplace = p_marketplace loop
    -- With u slots above the limit, u slots must stay free: the one that decides is number u + 1 in order of freedom.
    select s.busy_until into free_at
    from request_slots s
    where s.marketplace = p_marketplace and s.budget_window = budget.budget_window
    order by s.busy_until
    offset (
      select count(*)
      from request_slots u
      where u.marketplace = p_marketplace and u.budget_window = budget.budget_window and u.slot > budget.max_requests
    )
    limit 1;
    longest_wait := greatest(longest_wait, free_at - this_moment);
  end loop;
  if longest_wait > interval '0' then
    return query select null::bigint, longest_wait, null::text;
    return;
  end if;

  new_permit := nextval('request_permits');
  for budget in select * from request_budget r where r.marketplace = p_marketplace loop
    select s.slot into free_slot
    from request_slots s
    where s.marketplace = p_marketplace and s.budget_window = budget.budget_window
    order by s.busy_until
    limit 1;
    update request_slots s
    set busy_until = this_moment + p_hold + budget.budget_window, permit_id = new_permit
    where s.marketplace = p_marketplace and s.budget_window = budget.budget_window and s.slot = free_slot;
  end loop;
  update breaker_state b
  set
    next_request_at = this_moment + p_spacing,
    -- An opened breaker whose pause is over lets one probe through; nobody else until the probe is told.
    state = case when b.state = 'closed' then 'closed' else 'half_open' end,
    open_until = case when b.state = 'closed' then b.open_until else this_moment + p_hold end
  where b.marketplace = p_marketplace;
  return query select new_permit, interval '0', null::text;
end
$$;
