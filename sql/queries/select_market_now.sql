-- What is for sale of one event now. Parameters: event_id, this_moment, marketplace (text or null: all).
-- Rows: one per marketplace, currency and fee basis; one without a currency where nothing is for sale or was ever seen.
select *
from market_now(%(event_id)s, %(this_moment)s)
where %(marketplace)s::text is null or marketplace = %(marketplace)s
order by marketplace, currency, fee_basis
