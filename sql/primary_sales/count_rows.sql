-- How many rows one of the tables of primary sales has. Parameters: name. Rows: 1.
select
  case %(name)s
    when 'vivenu_events' then (select count(*) from vivenu_events)
    when 'vivenu_tickets' then (select count(*) from vivenu_tickets)
    when 'vivenu_coupons' then (select count(*) from vivenu_coupons)
    when 'vivenu_sales_daily' then (select count(*) from vivenu_sales_daily)
    when 'vivenu_gender' then (select count(*) from vivenu_gender)
    when 'vivenu_age_groups' then (select count(*) from vivenu_age_groups)
    when 'vivenu_summary' then (select count(*) from vivenu_summary)
  end as n
