-- Events whose daily sales are not those of their tickets, in number or in money of a currency. An event that was read
-- after its sales were computed waits for that, and is left out. Parameters: none. Rows: one per event and currency.
with computed as (
  select max(reckoned_at) as reckoned_at from vivenu_sales_daily
),

daily as (
  select external_id, currency, sum(tickets)::integer as tickets, sum(revenue) as revenue
  from vivenu_sales_daily
  group by external_id, currency
),

sold as (
  select
    external_id, coalesce(currency, 'XXX') as currency, count(*)::integer as tickets,
    coalesce(sum(real_price), 0) as revenue
  from vivenu_tickets
  where status in ('VALID', 'DETAILSREQUIRED')
  group by 1, 2
)

select
  external_id, e.name, currency, coalesce(d.tickets, 0) as daily_tickets, coalesce(s.tickets, 0) as sold_tickets,
  coalesce(d.revenue, 0) as daily_revenue, coalesce(s.revenue, 0) as sold_revenue
from daily as d
full join sold as s using (external_id, currency)
cross join computed as k
inner join vivenu_reads as r on external_id = r.subject
left join vivenu_events as e using (external_id)
where
  r.read_at < k.reckoned_at
  and (coalesce(d.tickets, 0), coalesce(d.revenue, 0)) is distinct from (coalesce(s.tickets, 0), coalesce(s.revenue, 0))
order by external_id, currency
