-- An extension that is there says nothing about the table: listings may be plain beside it.
create or replace function drop_archived_chunks(p_from timestamptz, p_until timestamptz) returns setof text
language plpgsql
as $$
begin
  if timescaledb_edition() <> 'none' then
    return query select c from timescaledb_information.hypertables as h, lateral public.drop_chunks(
      format('%I.%I', h.hypertable_schema, h.hypertable_name)::regclass, older_than => p_until, newer_than => p_from
    ) as c
    where h.hypertable_schema = current_schema() and h.hypertable_name = 'listings';
  end if;
end
$$;
