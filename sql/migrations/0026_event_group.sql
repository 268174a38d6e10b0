-- What the user calls events of one kind, such as a league or a tour: past events of the kind say how prices usually move.
alter table events add column event_group text;
comment on column events.event_group is 'the sheet''s own Group: events that may be compared with each other; null: those of its venue';
