-- Estimated sales of an event over a whole span, and what is still listed at its end. Parameters: event_id, starts_from,
-- starts_until, zone, marketplace (null: all). Rows: one per marketplace that has estimates. Hours of the whole event say what
-- is covered: a zone has no row where nothing left it. `still_listed` is null where the last hour with a trusted capture has
-- none of the whole event; a zone that is absent from it has none.
select
  x.marketplace, x.tickets, sales_bound(x.tickets, x.variance, x.error, -1) as low_tickets,
  sales_bound(x.tickets, x.variance, x.error, 1) as high_tickets, x.value, x.currency, x.hours_covered, x.polling_interval,
  l.still_listed
from (
  select
    s.marketplace, coalesce(sum(z.tickets), 0) as tickets, coalesce(sum(z.variance), 0) as variance,
    coalesce(sum(z.error), 0) as error,
    case when count(distinct z.currency) <= 1 and count(z.value) = count(z.hour_at) then coalesce(sum(z.value), 0) end as value,
    case when count(distinct z.currency) = 1 then min(z.currency) end as currency,
    round(sum(s.covered_seconds) / 3600.0, 2) as hours_covered,
    make_interval(secs => round(sum(s.polling_seconds * s.covered_seconds) / sum(s.covered_seconds))::double precision)
      as polling_interval
  from estimated_sales as s
  left join estimated_sales as z
    on z.event_id = s.event_id and z.marketplace = s.marketplace and z.hour_at = s.hour_at and z.zone = %(zone)s
  where
    s.event_id = %(event_id)s and s.zone = '*' and s.hour_at >= %(starts_from)s and s.hour_at < %(starts_until)s
    and (%(marketplace)s::text is null or s.marketplace = %(marketplace)s)
  group by s.marketplace
) as x
left join lateral (
  select
    (
      select coalesce(sum(z.tickets), 0)::integer
      from hourly_prices as z
      where
        z.event_id = %(event_id)s and z.marketplace = x.marketplace and z.hour_at = h.hour_at and z.zone = %(zone)s
    ) as still_listed
  from hourly_prices as h
  where
    h.event_id = %(event_id)s and h.marketplace = x.marketplace and h.zone = '*' and h.snapshots > 0
    and h.hour_at >= %(starts_from)s and h.hour_at < %(starts_until)s
  order by h.hour_at desc
  limit 1
) as l on true
order by x.marketplace
