-- One event across marketplaces, all fees in. Parameters: event_id, together (1 to 8), this_moment.
-- Rows: one per marketplace and currency, by currency, the cheapest first; marketplaces without such prices last.
select * from spread(%(event_id)s, %(together)s, %(this_moment)s)
