-- What an answer may hide: answers that nobody could read count for the breaker, and a claim to fetch one has an owner.
alter table breaker_state add column unread_answers integer not null default 0;
comment on column breaker_state.unread_answers is 'answers in a row that came and could not be read';

alter table kept_answers add column claimed_by uuid;
comment on column kept_answers.claimed_by is 'who fetches this answer until claimed_until; only its answer is kept';

comment on column poll_schedule.anchor_at is 'the last poll that went well: next_due_at = anchor_at + poll_interval * jitter_factor';
comment on column poll_schedule.last_success_at is 'when the newest stored answer arrived; one that is used again is no newer';
