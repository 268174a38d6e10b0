-- What a listing admits to. Only seats count for the whole event, its get-in prices and its inventory; a grounds pass has a
-- zone of its own. Parking and extras are no rows of this table: they are rejected listings.
alter table listings add column admission text not null default 'seat';
comment on column listings.admission is 'seat or grounds; every listing stored before this column counts as a seat';
