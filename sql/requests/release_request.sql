-- A request ended. Answered: its slots are busy for one window more. Not answered (a time-out): the server may see it
-- yet, so only the limit of requests under way is given back and the budgets keep their pessimistic hold.
-- Parameters: permit_id, answered (boolean). Idempotent. Rows: none.
update request_slots
set busy_until = clock_timestamp() + budget_window
where permit_id = %(permit_id)s and (%(answered)s or budget_window = interval '0')
