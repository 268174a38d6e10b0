-- Let this transaction change as many compressed rows of a hypertable as it must, where the server has such a limit.
-- Rows: 1 there, else none.
select set_config(name, '0', true) as limit_lifted
from pg_settings
where name = 'timescaledb.max_tuples_decompressed_per_dml_transaction'
