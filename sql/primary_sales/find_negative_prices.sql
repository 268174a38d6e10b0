-- Events with tickets that were paid with less than nothing. Parameters: none. Rows: one per such event and currency.
select
  external_id, coalesce(currency, 'XXX') as currency, count(*)::integer as tickets, sum(real_price) as revenue,
  min(ticket_id) as one_of_them
from vivenu_tickets
where real_price < 0 or regular_price < 0
group by 1, 2
order by 1, 2
