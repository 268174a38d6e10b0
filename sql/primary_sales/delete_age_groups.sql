-- Make room for vivenu_age_groups to be rebuilt, in the same transaction. Parameters: none. Rows touched: all.
delete from vivenu_age_groups
