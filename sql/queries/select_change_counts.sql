-- How many listings of one event changed, by kind. Parameters: event_id, changed_from, changed_until (timestamptz), marketplace
-- (null: all), zone (`*`: all but grounds passes). Rows: one per marketplace with a change.
select
  c.marketplace, count(*) filter (where c.change = 'listed') as listed, count(*) filter (where c.change = 'removed') as removed,
  count(*) filter (where c.new_price < c.old_price) as cheaper, count(*) filter (where c.new_price > c.old_price) as dearer,
  (
    percentile_cont(0.5) within group (order by (100 * (c.new_price / c.old_price - 1))::double precision)
    filter (where c.new_price < c.old_price)
  )::numeric as cheaper_percent,
  (
    percentile_cont(0.5) within group (order by (100 * (c.new_price / c.old_price - 1))::double precision)
    filter (where c.new_price > c.old_price)
  )::numeric as dearer_percent
from listing_changes(%(event_id)s, %(changed_from)s, %(changed_until)s, %(marketplace)s, %(zone)s) as c
group by c.marketplace
order by c.marketplace
