-- The rule behind every get-in price, in one place: a listing sells `together` tickets when that number is one of its splits,
-- or at most its quantity where no splits are known. Inlined by the planner. The same as `market.hours.can_sell`.
create function can_sell(quantity integer, splits smallint[], together integer) returns boolean
language sql immutable parallel safe
return case when splits is null then quantity >= together else together = any(splits) end;

comment on function can_sell is 'Whether a listing of this quantity and these splits sells so many tickets together.';
