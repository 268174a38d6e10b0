-- Compute the sales by event, ticket type, day at the venue, channel and currency. Parameters: none. The table is empty
-- before, in the same transaction. Rows: one per combination that sold or invalidated something.
with sold as (
  select
    t.external_id, t.ticket_type_id, (t.created_at at time zone e.timezone)::date as day_on, t.channel,
    coalesce(t.currency, 'XXX') as currency, count(*) as tickets, coalesce(sum(t.real_price), 0) as revenue,
    coalesce(sum(t.regular_price), 0) as regular_value
  from vivenu_tickets as t
  inner join vivenu_events as e on t.external_id = e.external_id
  where t.status in ('VALID', 'DETAILSREQUIRED')
  group by 1, 2, 3, 4, 5
),

invalidated as (
  select
    t.external_id, t.ticket_type_id, (t.status_since at time zone e.timezone)::date as day_on, t.channel,
    coalesce(t.currency, 'XXX') as currency, count(*) as invalidated,
    coalesce(sum(t.real_price), 0) as invalidated_value
  from vivenu_tickets as t
  inner join vivenu_events as e on t.external_id = e.external_id
  where t.status = 'INVALID'
  group by 1, 2, 3, 4, 5
)

insert into vivenu_sales_daily (
  external_id, ticket_type_id, day_on, channel, currency, tickets, revenue, regular_value, invalidated,
  invalidated_value, sold_to_date, capacity
)
select
  d.external_id, d.ticket_type_id, d.day_on, d.channel, d.currency, d.tickets, d.revenue, d.regular_value,
  d.invalidated, d.invalidated_value,
  sum(d.tickets) over (partition by d.external_id, d.ticket_type_id order by d.day_on), y.capacity
from (
  select
    external_id, ticket_type_id, day_on, channel, currency, coalesce(s.tickets, 0) as tickets,
    coalesce(s.revenue, 0) as revenue, coalesce(s.regular_value, 0) as regular_value,
    coalesce(i.invalidated, 0) as invalidated, coalesce(i.invalidated_value, 0) as invalidated_value
  from sold as s
  full join invalidated as i using (external_id, ticket_type_id, day_on, channel, currency)
) as d
left join vivenu_ticket_types as y on d.external_id = y.external_id and d.ticket_type_id = y.ticket_type_id
