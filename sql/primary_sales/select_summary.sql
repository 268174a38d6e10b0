-- The summary of every event, first to start first. Parameters: external_id (null: every event). Rows: one per event.
select
  external_id, name, event_on, sold, capacity, sold_share, currency, revenue, invalidated, coupon_tickets,
  coupon_share, revenue_with_coupon, revenue_without_coupon, age_mix, gender_mix, earlier_events, earlier_sold_share,
  earlier_sold, pace, revenues, reckoned_at
from vivenu_summary
where %(external_id)s::text is null or external_id = %(external_id)s
order by event_on nulls last, external_id
