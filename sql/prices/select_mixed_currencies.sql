-- Hours of an event at one marketplace that hold listings of more than one currency. Parameters: starts_from, starts_until.
-- Rows: up to 1,000.
select event_id, marketplace, hour_at, array_agg(distinct currency order by currency) as currencies
from hourly_prices
where hour_at >= %(starts_from)s and hour_at < %(starts_until)s and zone = '*' and currency <> 'XXX'
group by event_id, marketplace, hour_at
having count(distinct currency) > 1
order by hour_at
limit 1000
