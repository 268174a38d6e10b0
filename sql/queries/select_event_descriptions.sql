-- How Ticketmaster described one event since a moment, oldest first. Parameters: event_id, since. Rows: one per capture,
-- its price ranges as JSON in which money is text.
select
  t.captured_at, t.external_id, t.name, t.status, t.local_date, t.local_time, t.timezone, t.event_at, t.is_date_open,
  t.is_time_open, t.on_sale_at, t.venue, t.city, t.country, t.url, t.problems, t.is_test,
  coalesce(
    (
      select
        jsonb_agg(
          jsonb_build_object(
            'price_type', r.price_type, 'currency', r.currency,
            'min_price', r.min_price::text, 'max_price', r.max_price::text
          )
          order by r.position
        )
      from ticketmaster_price_ranges as r
      where r.event_id = t.event_id and r.captured_at = t.captured_at
    ),
    '[]'
  ) as price_ranges
from ticketmaster_events as t
where t.event_id = %(event_id)s and t.captured_at >= %(since)s
order by t.captured_at
