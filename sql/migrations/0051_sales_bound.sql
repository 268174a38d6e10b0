-- The interval of estimated sales in floating point, which takes a fraction of the time; six decimals of it stay the same.
create function sales_bound(
  p_tickets double precision, p_variance double precision, p_error double precision, p_side integer
) returns double precision
language sql immutable parallel safe
return case
  when p_side not in (-1, 1) then check_argument(false, 'p_side is ' || p_side || ': give -1 or 1')::integer
  when p_tickets <= 0 or p_variance + p_error * p_error <= 0 then greatest(p_tickets, 0)
  else
    p_tickets * greatest(
      0,
      1 - (p_variance + p_error * p_error) / (9 * p_tickets * p_tickets)
      + p_side * 1.2815515655446004 * sqrt(p_variance + p_error * p_error) / (3 * p_tickets)
    ) ^ 3
end;
comment on function sales_bound(double precision, double precision, double precision, integer) is
'the low (p_side -1) or high (1) end of the 80 % interval of estimated sales, from their sums of tickets, variance and error: of a '
'gamma distribution, by the transformation of Wilson and Hilferty';

create or replace function sales_bound(p_tickets numeric, p_variance numeric, p_error numeric, p_side integer) returns numeric
language sql immutable parallel safe
return sales_bound(p_tickets::double precision, p_variance::double precision, p_error::double precision, p_side)::numeric;
