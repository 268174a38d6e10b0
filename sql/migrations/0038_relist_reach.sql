-- How far the price of the same seats may be from the old one depends on whether they have a row.
drop function match_prices(numeric[], numeric[]);

-- Which removals and new listings of the same seats belong together, by price. Both are in order of price; each removal
-- takes the cheapest listing within reach of it that is left, from the cheapest up: no pairing has more pairs.
create function match_prices(gone_prices numeric[], new_prices numeric[], reach numeric)
returns table (gone integer, back integer)
language plpgsql immutable parallel safe
as $$
begin
  gone := 1;
  back := 1;
  while gone <= cardinality(gone_prices) and back <= cardinality(new_prices) loop
    if new_prices[back] < (1 - reach) * gone_prices[gone] then
      back := back + 1;
    elsif new_prices[back] > (1 + reach) * gone_prices[gone] then
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
'numbers of the removals and new listings of the same seats that are relists, from their ascending prices; reach: how far the new '
'price may be from the old one, as a share of it';
