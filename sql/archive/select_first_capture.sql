-- The first capture. Parameters: none. Rows: 1 (null: there is none).
select min(captured_at) as captured_at
from snapshots
