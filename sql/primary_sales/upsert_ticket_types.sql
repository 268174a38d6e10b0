-- Bring the ticket types to what the events list; a type that an event dropped is inactive. Parameters: types (jsonb
-- array), external_ids (text array: the events they are of). Idempotent. Rows touched: the listed types.
with incoming as (
  select r.*
  from
    jsonb_to_recordset(%(types)s)
      as r (
        external_id text, ticket_type_id text, name text, category text, price numeric, capacity integer,
        is_active boolean
      )
),

dropped as (
  update vivenu_ticket_types as t
  set is_active = false
  where
    t.external_id = any(%(external_ids)s)
    and not exists (
      select 1 from incoming as i
      where i.external_id = t.external_id and i.ticket_type_id = t.ticket_type_id
    )
)

insert into vivenu_ticket_types (external_id, ticket_type_id, name, category, price, capacity, is_active)
select external_id, ticket_type_id, name, category, price, capacity, is_active from incoming
on conflict (external_id, ticket_type_id) do update
  set
    name = excluded.name, category = excluded.category, price = excluded.price, capacity = excluded.capacity,
    is_active = excluded.is_active
