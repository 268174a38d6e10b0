-- The class of price rank that estimated sales count by depends on one capture alone: it is stored with the capture.
alter table listings add column price_class smallint;
comment on column listings.price_class is
'class of the price among the seats of the capture when it was stored, relative to comparable ones; 0: the cheapest';

alter table snapshots add column ranked_seats integer;
comment on column snapshots.ranked_seats is
'seats whose price_class is stored; null: none, or the rules of what is a seat have moved listings since';
