-- What is for sale of one event now. Parameters: event_id, this_moment, marketplace (text or null: all).
-- Rows: one per marketplace, currency and fee basis; one without a currency where nothing is for sale or was ever seen.
select n.*, are_thin(n.get_in_prices, n.floor_price) as get_ins_are_thin
from market_now(%(event_id)s, %(this_moment)s) as n
where %(marketplace)s::text is null or n.marketplace = %(marketplace)s
order by n.marketplace, n.currency, n.fee_basis
