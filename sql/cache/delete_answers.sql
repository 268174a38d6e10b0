-- Forget kept answers, and the claims of those on their way: they are used where they are waited for, and not kept.
-- Parameters: marketplace (or null: all), external_id (or null: of any event and of searches),
-- stored_before (or null: of any age). Idempotent. Rows: none.
delete from kept_answers
where
  (%(marketplace)s::text is null or marketplace = %(marketplace)s)
  and (%(external_id)s::text is null or external_id = %(external_id)s)
  and (
    %(stored_before)s::timestamptz is null
    or coalesce(stored_at, claimed_until) < %(stored_before)s
  )
