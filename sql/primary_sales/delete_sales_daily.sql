-- Make room for vivenu_sales_daily to be rebuilt, in the same transaction. Parameters: none. Rows touched: all.
delete from vivenu_sales_daily
