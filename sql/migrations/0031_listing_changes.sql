-- What changed, as a function: without removals that are relists, which are no removals to a reader.
create function listing_changes(
  p_event_id bigint, p_from timestamptz default now() - interval '1 day', p_until timestamptz default now(),
  p_marketplace text default null, p_zone text default '*'
)
returns table (
  marketplace text, captured_at timestamptz, previous_captured_at timestamptz, change text, listing_id text,
  previous_listing_id text, section text, "row" text, zone text, currency text, fee_basis text, old_price numeric,
  new_price numeric, old_quantity integer, new_quantity integer
)
language sql stable parallel safe
begin atomic
  select
    c.marketplace, c.captured_at, c.previous_captured_at, c.change, c.listing_id, c.previous_listing_id, c.section, c."row",
    c.zone, c.currency, c.fee_basis, c.old_price, c.new_price, c.old_quantity, c.new_quantity
  from listing_changes as c
  where
    c.event_id = p_event_id and c.captured_at >= p_from and c.captured_at < p_until
    and (p_marketplace is null or c.marketplace = p_marketplace)
    and case when p_zone = '*' then c.zone <> 'Grounds' else c.zone = p_zone end
    and (c.change <> 'removed' or c.relisted_as is null);
end;
comment on function listing_changes is
'changes of the listings of one event that were seen from p_from until before p_until; p_zone * is all but grounds passes';
