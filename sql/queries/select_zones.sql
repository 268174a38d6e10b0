-- The zones that an event has prices of, by day, or listings in its last trusted captures. Parameters: event_id, this_moment.
-- Rows: one per zone, by name.
select d.zone
from daily_prices as d
where d.event_id = %(event_id)s and d.zone <> '*'
union
select s.zone
from seats_now(%(event_id)s, %(this_moment)s) as s
order by zone
