-- Which removals and new listings of the same seats belong together, by price. Both are in order of price; each removal
-- takes the cheapest listing within 10 % of it that is left, from the cheapest up: no pairing has more pairs.
create function match_prices(gone_prices numeric[], new_prices numeric[])
returns table (gone integer, back integer)
language plpgsql immutable parallel safe
as $$
begin
  gone := 1;
  back := 1;
  while gone <= cardinality(gone_prices) and back <= cardinality(new_prices) loop
    if new_prices[back] < 0.9 * gone_prices[gone] then
      back := back + 1;
    elsif new_prices[back] > 1.1 * gone_prices[gone] then
      gone := gone + 1;
    else
      return next;
      gone := gone + 1;
      back := back + 1;
    end if;
  end loop;
end
$$;
comment on function match_prices is
'Numbers of the removals and new listings of the same seats that are relists, from their ascending prices.';
comment on column listing_changes.currency is
'of new_price, else of old_price; old_price is null where the listing had another currency or fee basis before';

-- Of seats at one price the lowest id is the first, by its bytes: the same in every database.
alter table listing_changes alter column listing_id type text collate "C";
