-- Marketplaces whose breaker is not closed, or that asked to wait, after an instant. Parameters: this_moment (timestamptz).
-- Rows: one per paused marketplace; null where that kind of pause does not hold.
select *
from (
  select
    marketplace, reason, opened_at,
    case when state <> 'closed' and open_until > %(this_moment)s then open_until end as open_until,
    case when asked_until > %(this_moment)s then asked_until end as asked_until
  from breaker_state
) as p
where open_until is not null or asked_until is not null
order by marketplace
