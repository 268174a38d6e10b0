-- What primary sales need so that their numbers hold: which answers an organiser offers, the shapes of answers that are
-- no age, objects that could not be read with their reason, what vivenu counts, and money by currency.
alter table vivenu_events drop column is_gender_chosen;
alter table vivenu_events add column gender_options text[] not null default '{}';
comment on column vivenu_events.gender_options is 'the answers the organiser offers: only these are kept as given';

alter table vivenu_tickets add column age_shape text;
comment on column vivenu_tickets.age_shape is 'of an answer about age that is none: every digit a d, every word an a';
comment on column vivenu_tickets.gender_answer is 'an option, a known word, or the mark of a free text';

alter table vivenu_coupons alter column discount_value type numeric;

create table vivenu_rejects (
  subject text not null,
  item_id text not null,
  reason text not null,
  updated_at timestamptz,
  first_seen_at timestamptz not null default now(),
  last_seen_at timestamptz not null default now(),
  primary key (subject, item_id)
);
comment on table vivenu_rejects is 'what came and could not be read; cleared when it could, or when it no longer comes';
comment on column vivenu_rejects.subject is 'an event whose tickets were read, or events, coupons, series, transactions';
comment on column vivenu_rejects.item_id is 'as vivenu has it; of an object without one, a mark of its own';

alter table vivenu_reads alter column unreadable set default 0;
alter table vivenu_reads add column announced integer;
comment on column vivenu_reads.announced is 'how many rows vivenu said there are, at the end of the last read';

alter table vivenu_sales_daily add column reckoned_at timestamptz not null default now();
alter table vivenu_summary add column revenues jsonb not null default '{}';
alter table vivenu_summary add column earlier_sold integer not null default 0;
comment on column vivenu_summary.revenues is 'currency to revenue; XXX where tickets that cost something name none';
comment on column vivenu_summary.earlier_sold is 'tickets that earlier events had sold as long before their start';
