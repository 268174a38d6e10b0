-- A price that stands alone is no market: which ones do, and why a rule has no data.
create function is_thin(get_in numeric, floor numeric) returns boolean
language sql immutable parallel safe
return get_in is not null and (floor is null or get_in < floor);

comment on function is_thin is
'Whether a get-in price stands alone: below the floor of the same listings, or where these have none.';

alter table alert_states add column obstacle text;
comment on column alert_states.obstacle is 'why there is no data; null in any other state';
