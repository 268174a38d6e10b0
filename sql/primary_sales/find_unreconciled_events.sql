-- Events with another number of tickets than vivenu counted at the end of the last read. Counted here are those
-- stored and not gone, and those that were rejected. Parameters: none. Rows: one per such event.
with ids as (
  select external_id, ticket_id from vivenu_tickets
  where status <> 'GONE'
  union
  select subject as external_id, item_id as ticket_id from vivenu_rejects
),

known as (
  select external_id, count(*)::integer as tickets from ids
  group by external_id
)

select e.external_id, e.name, r.announced, coalesce(k.tickets, 0) as known, r.read_at
from vivenu_reads as r
inner join vivenu_events as e on r.subject = e.external_id
left join known as k on e.external_id = k.external_id
where r.announced <> coalesce(k.tickets, 0)
order by e.external_id
