-- What is known of the payloads of a marketplace. Parameters: marketplace. Rows: one per field.
select path, types, usual_for, items, absent_from, is_missing
from payload_fields
where marketplace = %(marketplace)s
