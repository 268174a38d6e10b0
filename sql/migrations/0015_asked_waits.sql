-- A wait that a marketplace asked for, apart from our own spacing between requests: next_request_at holds the later one.
alter table breaker_state add column asked_until timestamptz;
comment on column breaker_state.asked_until is 'until when the marketplace asked to be left alone (Retry-After); may be past';
