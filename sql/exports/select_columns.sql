-- The columns of a table of ours, in its order. Parameters: table_name (text). Rows: one per column, with its type.
select a.attname as name, format_type(a.atttypid, a.atttypmod) as type
from pg_attribute as a
where a.attrelid = to_regclass(quote_ident(%(table_name)s::text)) and a.attnum > 0 and not a.attisdropped
order by a.attnum
