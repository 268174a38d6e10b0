-- Events, and ticket types of events, that sold more than their capacity. Parameters: none. Rows: one per such event
-- (ticket_type null) and one per such type.
with sold as (
  select external_id, ticket_type_id, count(*)::integer as sold
  from vivenu_tickets
  where status in ('VALID', 'DETAILSREQUIRED')
  group by external_id, ticket_type_id
)

select e.external_id, e.name, null as ticket_type, sum(s.sold)::integer as sold, e.capacity
from sold as s
inner join vivenu_events as e on s.external_id = e.external_id
group by e.external_id, e.name, e.capacity
having sum(s.sold) > e.capacity
union all
select e.external_id, e.name, coalesce(y.name, y.ticket_type_id) as ticket_type, s.sold, y.capacity
from sold as s
inner join vivenu_ticket_types as y on s.external_id = y.external_id and s.ticket_type_id = y.ticket_type_id
inner join vivenu_events as e on s.external_id = e.external_id
where s.sold > y.capacity
order by 1, 3 nulls first
