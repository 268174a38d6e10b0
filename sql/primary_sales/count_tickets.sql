-- How many tickets of an event vivenu still has, as far as we know: those stored, and those that could not be read.
-- Parameters: external_id. Rows: 1.
select count(*)::integer as tickets
from (
  select ticket_id from vivenu_tickets
  where external_id = %(external_id)s and status <> 'GONE'
  union
  select item_id from vivenu_rejects
  where subject = %(external_id)s
) as known
