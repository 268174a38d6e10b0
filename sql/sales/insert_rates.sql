-- Keep the rates of blocks. Parameters: rates (jsonb array of event_id, marketplace, block_at, points). Rows: none.
insert into sale_rates (event_id, marketplace, block_at, points)
select r.event_id, r.marketplace, r.block_at, r.points
from jsonb_to_recordset(%(rates)s) as r (event_id bigint, marketplace text, block_at timestamptz, points double precision[])
on conflict (event_id, marketplace, block_at) do update set points = excluded.points
