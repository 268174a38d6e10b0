-- Store what is known of fields now. Parameters: marketplace, this_moment, fields (jsonb array of path, types, usual_for, items,
-- absent_from, is_missing). Idempotent. Rows: none.
insert into payload_fields (marketplace, path, types, usual_for, items, absent_from, is_missing, first_seen_at)
select
  %(marketplace)s, f.path, array(select jsonb_array_elements_text(f.types)), f.usual_for, f.items, f.absent_from, f.is_missing,
  %(this_moment)s
from
  jsonb_to_recordset(%(fields)s)
    as f (path text, types jsonb, usual_for integer, items integer, absent_from integer, is_missing boolean)
on conflict (marketplace, path) do update
  set
    types = excluded.types, usual_for = excluded.usual_for, items = excluded.items, absent_from = excluded.absent_from,
    is_missing = excluded.is_missing
