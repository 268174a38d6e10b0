-- How much a span of hourly prices holds, for the metadata of a run: only counts that add up across events, marketplaces
-- and currencies. Parameters: starts_from, starts_until. Rows: one per hour.
select
  hour_at, count(*)::integer as rows, count(distinct event_id)::integer as events,
  coalesce(sum(snapshots) filter (where zone = '*'), 0)::integer as snapshots,
  coalesce(sum(suspect_snapshots) filter (where zone = '*'), 0)::integer as suspect_snapshots,
  coalesce(sum(failed_attempts) filter (where zone = '*'), 0)::integer as failed_attempts
from hourly_prices
where hour_at >= %(starts_from)s and hour_at < %(starts_until)s
group by hour_at
order by hour_at
