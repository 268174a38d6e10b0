-- Where listings that were read again are compared with those that are stored, to the end of the transaction. Rows: none.
create temporary table replayed_listings (like listings) on commit drop
