-- Note whose data this database is to hold, unless it is noted already. Parameters: is_simulated. Idempotent. Rows: none.
insert into data_origin (is_simulated)
values (%(is_simulated)s)
on conflict (is_only) do nothing
