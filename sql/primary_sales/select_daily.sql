-- Sales by day, all ticket types and channels together. Parameters: external_id (null: every event). Rows: one per
-- event, day and currency, in order of time.
select
  external_id, day_on, currency, sum(tickets)::integer as tickets, sum(revenue) as revenue,
  sum(invalidated)::integer as invalidated,
  (sum(sum(tickets)) over (partition by external_id order by day_on))::integer as sold_to_date
from vivenu_sales_daily
where %(external_id)s::text is null or external_id = %(external_id)s
group by external_id, day_on, currency
order by external_id, day_on, currency
