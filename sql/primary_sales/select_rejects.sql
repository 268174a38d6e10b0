-- What was rejected, the latest first. Parameters: subject (null: all). Rows: at most 200.
select subject, item_id, reason, updated_at, first_seen_at, last_seen_at
from vivenu_rejects
where %(subject)s::text is null or subject = %(subject)s
order by last_seen_at desc, subject asc, item_id asc
limit 200
