-- Drop raw bodies past their keeping time; listings and aggregates stay. Parameters: cut (timestamptz). Idempotent.
-- Rows: none.
delete from raw_payloads
where captured_at < %(cut)s
