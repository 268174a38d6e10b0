-- Store tickets as read, and a row of history for each whose status is new. An older form never replaces a newer one;
-- one of the same age does where anything differs: vivenu may correct a price without a new moment of change.
-- Parameters: tickets (jsonb array). Idempotent by ticket_id. Rows: one, how many were new and how many changed.
with incoming as (
  select r.*
  from
    jsonb_to_recordset(%(tickets)s)
      as r (
        ticket_id text, external_id text, ticket_type_id text, ticket_name text, status text, created_at timestamptz,
        updated_at timestamptz, transaction_id text, currency text, regular_price numeric, real_price numeric,
        channel text, age_years smallint, age_shape text, gender_answer text
      )
),

stored as (
  insert into vivenu_tickets as t (
    ticket_id, external_id, ticket_type_id, ticket_name, status, status_since, created_at, updated_at, transaction_id,
    currency, regular_price, real_price, channel, age_years, age_shape, gender_answer
  )
  select
    ticket_id, external_id, ticket_type_id, ticket_name, status, updated_at as status_since, created_at, updated_at,
    transaction_id, currency, regular_price, real_price, channel, age_years, age_shape, gender_answer
  from incoming
  on conflict (ticket_id) do update
    set
      external_id = excluded.external_id, ticket_type_id = excluded.ticket_type_id, ticket_name = excluded.ticket_name,
      status = excluded.status, created_at = excluded.created_at,
      status_since = case when t.status = excluded.status then t.status_since else excluded.updated_at end,
      updated_at = excluded.updated_at, transaction_id = excluded.transaction_id, currency = excluded.currency,
      regular_price = excluded.regular_price, real_price = excluded.real_price, channel = excluded.channel,
      age_years = excluded.age_years, age_shape = excluded.age_shape,
      gender_answer = excluded.gender_answer
    where
    t.updated_at <= excluded.updated_at
    and (
      t.external_id, t.ticket_type_id, t.ticket_name, t.status, t.created_at, t.updated_at, t.transaction_id, t.currency,
      t.regular_price, t.real_price, t.channel, t.age_years, t.age_shape, t.gender_answer
    ) is distinct from (
      excluded.external_id, excluded.ticket_type_id, excluded.ticket_name, excluded.status, excluded.created_at,
      excluded.updated_at, excluded.transaction_id, excluded.currency, excluded.regular_price, excluded.real_price,
      excluded.channel, excluded.age_years, excluded.age_shape, excluded.gender_answer
    )
  returning t.ticket_id, t.status, t.status_since, t.xmax = 0 as is_new
),

history as (
  insert into vivenu_ticket_statuses (ticket_id, since_at, status)
  select ticket_id, status_since, status from stored
  on conflict do nothing
)

select count(*) filter (where is_new) as added, count(*) filter (where not is_new) as changed
from stored
