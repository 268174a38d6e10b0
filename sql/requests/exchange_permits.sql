-- Settle requests that ended, and take permits for up to `wanted` requests. Parameters: marketplace, wanted, spacing, hold
-- (intervals), is_polling (boolean: also within the budgets of polling), ended, unanswered (bigint[] of permits),
-- is_healthy (boolean: one of them brought a good response). Settling again changes little. Rows: 1.
select permit_ids, wait, refusal
from exchange_permits(
  %(marketplace)s, %(wanted)s, %(spacing)s, %(hold)s, %(is_polling)s, %(ended)s::bigint[], %(unanswered)s::bigint[],
  %(is_healthy)s
)
