-- What is for sale now, section by section, and what a zone held in any capture.
create function sections_now(
  p_event_id bigint, p_zone text default '*', p_together integer default 1, p_at timestamptz default now()
)
returns table (
  marketplace text, health text, captured_at timestamptz, zone text, section text, currency text, fee_basis text,
  listings integer, tickets integer, floor_price numeric, get_in_price numeric, median_price numeric
)
language sql stable
begin atomic
  select
    r.marketplace, r.health, r.captured_at, r.zone, r.section, r.currency, r.fee_basis, count(*)::integer as listings,
    sum(r.quantity)::integer as tickets, min(r.price) filter (where r.third <= 1.15 * r.price) as floor_price,
    min(r.price) filter (where can_sell(r.quantity, r.splits, p_together)) as get_in_price,
    ((percentile_cont(0.5) within group (order by (r.price * 100)::double precision))::numeric / 100)::numeric(12, 2)
      as median_price
  from (
    select
      s.*,
      lead(s.price, 2)
        over (partition by s.marketplace, s.zone, s.section, s.currency, s.fee_basis order by s.price) as third
    from seats_now(p_event_id, p_at) as s
    where p_zone = '*' or s.zone = p_zone
  ) as r
  where
    check_argument(
      p_together between 1 and 8, format('p_together is %s: get-in prices are known for 1 to 8', coalesce(p_together::text, 'null'))
    )
  group by r.marketplace, r.health, r.captured_at, r.zone, r.section, r.currency, r.fee_basis
  order by r.marketplace, floor_price nulls last, get_in_price nulls last, r.section;
end;
comment on function sections_now is
'the seats of the last trusted capture of each marketplace by section, of one zone or of all (*): floor, get-in price for p_together, '
'median, listings and tickets; no floor: no three listings of the section are within 15 %';

create function zone_prices(
  p_event_id bigint, p_marketplace text, p_captured_at timestamptz, p_zone text default '*', p_together integer default 1
)
returns table (
  currency text, fee_basis text, listings integer, tickets integer, floor_price numeric, get_in_price numeric, median_price numeric
)
language sql stable
begin atomic
  select
    r.currency, r.fee_basis, count(*)::integer as listings, sum(r.quantity)::integer as tickets,
    min(r.price) filter (where r.third <= 1.15 * r.price) as floor_price,
    min(r.price) filter (where can_sell(r.quantity, r.splits, p_together)) as get_in_price,
    ((percentile_cont(0.5) within group (order by (r.price * 100)::double precision))::numeric / 100)::numeric(12, 2)
      as median_price
  from (
    select
      l.currency, l.fee_basis, l.quantity, l.splits, l.price,
      lead(l.price, 2) over (partition by l.currency, l.fee_basis order by l.price) as third
    from listings as l
    where
      l.event_id = p_event_id and l.marketplace = p_marketplace and l.captured_at = p_captured_at and l.admission = 'seat'
      and (p_zone = '*' or coalesce(nullif(l.zone, '*'), nullif(l.section, '*'), 'unknown') = p_zone)
  ) as r
  where
    check_argument(
      p_together between 1 and 8, format('p_together is %s: get-in prices are known for 1 to 8', coalesce(p_together::text, 'null'))
    )
  group by r.currency, r.fee_basis;
end;
comment on function zone_prices is
'the seats of one capture, of one zone or of all (*), by currency and fee basis: floor, get-in price for p_together, median, listings, '
'tickets; of the whole event with all get-in prices: capture_prices';
