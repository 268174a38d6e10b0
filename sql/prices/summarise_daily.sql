-- How much a span of daily prices holds, for the metadata of a run: only counts that add up across events, marketplaces and
-- currencies. Parameters: day_from, day_until. Rows: one per day.
select
  day_on, count(*)::integer as rows, count(distinct event_id)::integer as events,
  coalesce(sum(snapshots) filter (where zone = '*'), 0)::integer as snapshots,
  coalesce(max(hours_covered), 0)::integer as hours_covered
from daily_prices
where day_on >= %(day_from)s and day_on < %(day_until)s
group by day_on
order by day_on
