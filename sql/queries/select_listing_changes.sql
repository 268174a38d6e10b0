-- What changed among the listings of one event. Parameters: event_id, changed_from, changed_until (timestamptz),
-- marketplace (null: all), zone (`*`: all but grounds passes), kinds (text[], null: all), most (integer, null: all).
-- Rows: one per change, newest first.
select *
from listing_changes(%(event_id)s, %(changed_from)s, %(changed_until)s, %(marketplace)s, %(zone)s)
where %(kinds)s::text[] is null or change = any(%(kinds)s::text[])
order by captured_at desc, marketplace asc, change asc, coalesce(new_price, old_price) asc, listing_id asc
limit %(most)s::bigint
