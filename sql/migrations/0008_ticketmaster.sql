-- Ticketmaster: budgets that only polling keeps to, answers that are used again, and the history of its events.

-- Some budgets hold for polling only, so that a share of a long window is left to what people ask by hand.
alter table request_budget add column applies_to text not null default 'everybody';
alter table request_budget add check (applies_to in ('everybody', 'polling'));
alter table request_slots add column applies_to text not null default 'everybody';
alter table request_slots drop constraint request_slots_marketplace_budget_window_fkey;
alter table request_slots drop constraint request_slots_pkey;
alter table request_budget drop constraint request_budget_pkey;
alter table request_budget add primary key (marketplace, budget_window, applies_to);
alter table request_slots add primary key (marketplace, budget_window, applies_to, slot);
alter table request_slots add foreign key (marketplace, budget_window, applies_to)
references request_budget on delete cascade;
drop index request_slots_free;
create index request_slots_free on request_slots (marketplace, budget_window, applies_to, busy_until);

-- As in 0006, but a request that is no poll passes by the budgets of polling.
drop function acquire_request(text, interval, interval);
create function acquire_request(p_marketplace text, p_spacing interval, p_hold interval, p_is_polling boolean default true)
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

  for budget in
    select * from request_budget r where r.marketplace = p_marketplace and (p_is_polling or r.applies_to = 'everybody')
  loop
    -- With u slots above the limit, u slots must stay free: the one that decides is number u + 1 in order of freedom.
    select s.busy_until into free_at
    from request_slots s
    where
      s.marketplace = p_marketplace and s.budget_window = budget.budget_window and s.applies_to = budget.applies_to
    order by s.busy_until
    offset (
      select count(*)
      from request_slots u
      where
        u.marketplace = p_marketplace and u.budget_window = budget.budget_window and u.applies_to = budget.applies_to
        and u.slot > budget.max_requests
    )
    limit 1;
    longest_wait := greatest(longest_wait, free_at - this_moment);
  end loop;
  if longest_wait > interval '0' then
    return query select null::bigint, longest_wait, null::text;
    return;
  end if;

  new_permit := nextval('request_permits');
  for budget in
    select * from request_budget r where r.marketplace = p_marketplace and (p_is_polling or r.applies_to = 'everybody')
  loop
    select s.slot into free_slot
    from request_slots s
    where
      s.marketplace = p_marketplace and s.budget_window = budget.budget_window and s.applies_to = budget.applies_to
    order by s.busy_until
    limit 1;
    update request_slots s
    set busy_until = this_moment + p_hold + budget.budget_window, permit_id = new_permit
    where
      s.marketplace = p_marketplace and s.budget_window = budget.budget_window and s.applies_to = budget.applies_to
      and s.slot = free_slot;
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

-- Answers that are used again, by all processes: the newest one per request, without the request's secrets.
create table kept_answers (
  marketplace text not null,
  cache_key text not null,
  external_id text,
  body bytea,
  encoding text not null default 'zstd',
  original_bytes integer,
  stored_at timestamptz,
  claimed_until timestamptz not null default 'epoch',
  primary key (marketplace, cache_key)
);
comment on column kept_answers.claimed_until is 'until then one process fetches this answer, and others wait for it';
alter table kept_answers alter column body set storage external;
create index kept_answers_event on kept_answers (marketplace, external_id) where external_id is not null;

create table cache_uses (
  marketplace text not null,
  used_on date not null,
  hits integer not null default 0,
  misses integer not null default 0,
  stale integer not null default 0,
  primary key (marketplace, used_on)
);

-- Whether a marketplace has listings, and therefore prices by hour and day; Ticketmaster describes events only.
create function has_listings(p_marketplace text)
returns boolean
language sql
immutable
as $$ select p_marketplace <> 'ticketmaster' $$;

-- The history of each event as Ticketmaster describes it.
create table ticketmaster_events (
  event_id bigint not null references events on delete cascade,
  captured_at timestamptz not null,
  external_id text not null,
  name text not null,
  status text,
  local_date date,
  local_time time,
  timezone text,
  event_at timestamptz,
  is_date_open boolean not null,
  is_time_open boolean not null,
  on_sale_at timestamptz,
  venue text,
  city text,
  country text,
  url text,
  problems text[] not null default '{}',
  payload_hash bytea not null,
  stored_at timestamptz not null default now(),
  primary key (event_id, captured_at)
);
comment on column ticketmaster_events.local_date is 'at the venue; null while it is to be announced';
comment on column ticketmaster_events.problems is 'what was there and could not be read';

create table ticketmaster_price_ranges (
  event_id bigint not null,
  captured_at timestamptz not null,
  position integer not null,
  price_type text not null,
  currency text not null,
  min_price numeric(12, 2) not null,
  max_price numeric(12, 2) not null,
  primary key (event_id, captured_at, position),
  foreign key (event_id, captured_at) references ticketmaster_events on delete cascade,
  constraint ticketmaster_price_ranges_in_order check (min_price <= max_price)
);

create table ticketmaster_payloads (
  event_id bigint not null,
  captured_at timestamptz not null,
  body bytea not null,
  encoding text not null,
  original_bytes integer not null,
  primary key (event_id, captured_at),
  foreign key (event_id, captured_at) references ticketmaster_events on delete cascade
);
alter table ticketmaster_payloads alter column body set storage external;
