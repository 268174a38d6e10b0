-- Totals that a marketplace announces beside its listings, compared with them: a checksum of our reading.
alter table snapshots add column checksum_problems text[];
comment on column snapshots.checksum_problems is
'where announced totals and listings disagree; empty: they agree; null: none were announced';
