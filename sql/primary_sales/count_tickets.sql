-- How many tickets of an event are known: `known` of them are still at vivenu, those that were rejected included,
-- and `stored` have a row, those that are gone included. Parameters: external_id. Rows: 1.
with stored as (
  select ticket_id, status from vivenu_tickets
  where external_id = %(external_id)s
),

known as (
  select ticket_id from stored
  where status <> 'GONE'
  union
  select item_id from vivenu_rejects
  where subject = %(external_id)s
)

select (select count(*) from known)::integer as known, (select count(*) from stored)::integer as stored
