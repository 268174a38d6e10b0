-- Ask to send one request now. Parameters: marketplace, spacing, hold (intervals), is_polling (boolean: also within the
-- budgets of polling). Rows: 1.
select permit_id, wait, refusal
from acquire_request(%(marketplace)s, %(spacing)s, %(hold)s, %(is_polling)s)
