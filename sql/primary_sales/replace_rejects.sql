-- Store what was rejected of a subject. A reject is deleted once the object could be read, or a full read of the subject
-- no longer has it. Parameters: subject, rejects (jsonb array), read_ids (text array: what could be read), is_whole.
-- Idempotent. Rows touched: the rejects.
with incoming as (
  select r.* from jsonb_to_recordset(%(rejects)s) as r (item_id text, reason text, updated_at timestamptz)
),

ended as (
  delete from vivenu_rejects as v
  where
    v.subject = %(subject)s
    and (%(is_whole)s or v.item_id = any(%(read_ids)s))
    and not exists (
      select 1 from incoming as i
      where i.item_id = v.item_id
    )
)

insert into vivenu_rejects (subject, item_id, reason, updated_at)
select %(subject)s, item_id, reason, updated_at from incoming
on conflict (subject, item_id) do update
  set reason = excluded.reason, updated_at = excluded.updated_at, last_seen_at = now()
