-- Whose data this database holds. Parameters: none. Rows: 1, or none before the first poll.
select is_simulated, noted_at, past_from, past_until, past_played_at
from data_origin
