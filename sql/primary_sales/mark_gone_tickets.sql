-- After a full read: mark the event's tickets that vivenu no longer has as GONE, with a row of history.
-- Parameters: external_id, ticket_ids (text array: all that were read), this_moment. Idempotent. Rows: the tickets marked.
with gone as (
  update vivenu_tickets as t
  set status = 'GONE', status_since = %(this_moment)s
  where
    external_id = %(external_id)s
    and status <> 'GONE'
    and not exists (
      select 1
      from unnest(%(ticket_ids)s::text[]) as came (ticket_id)
      where came.ticket_id = t.ticket_id
    )
  returning t.ticket_id
)

insert into vivenu_ticket_statuses (ticket_id, since_at, status)
select ticket_id, %(this_moment)s, 'GONE' from gone
on conflict do nothing
returning ticket_id
