-- Events with tickets of a negative price. Parameters: none. Rows: one per such event and currency.
select
  t.external_id, e.name, coalesce(t.currency, 'XXX') as currency, count(*)::integer as tickets,
  sum(t.real_price) as revenue, min(t.ticket_id) as one_of_them
from vivenu_tickets as t
inner join vivenu_events as e on t.external_id = e.external_id
where t.real_price < 0 or t.regular_price < 0
group by 1, 2, 3
order by 1, 3
