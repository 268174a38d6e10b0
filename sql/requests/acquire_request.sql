-- Ask to send one request now. Parameters: marketplace, spacing, hold (intervals). Rows: 1.
select permit_id, wait, refusal
from acquire_request(%(marketplace)s, %(spacing)s, %(hold)s)
