-- The names of types by their oids. Parameters: oids (bigint[]). Rows: one per oid, in the order given.
select format_type(o.type_oid::oid, null) as type
from unnest(%(oids)s::bigint[]) with ordinality as o (type_oid, place)
order by o.place
