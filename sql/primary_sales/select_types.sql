-- Sales by ticket type. Parameters: external_id. Rows: one per ticket type and currency.
select
  d.ticket_type_id, coalesce(y.name, d.ticket_type_id) as name, d.currency, sum(d.tickets)::integer as tickets,
  sum(d.revenue) as revenue, max(d.capacity) as capacity
from vivenu_sales_daily as d
left join vivenu_ticket_types as y on d.external_id = y.external_id and d.ticket_type_id = y.ticket_type_id
where d.external_id = %(external_id)s
group by d.ticket_type_id, y.name, d.currency
order by tickets desc, d.ticket_type_id asc
