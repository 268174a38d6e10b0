-- Make room for vivenu_gender to be rebuilt, in the same transaction. Parameters: none. Rows touched: all.
delete from vivenu_gender
