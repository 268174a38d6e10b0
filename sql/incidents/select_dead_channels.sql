-- Channels whose last message that ended since an instant was given up on. Parameters: since. Rows: one per channel.
select l.channel, l.error, l.ended_at
from (
  select distinct on (d.channel) d.channel, d.error, d.ended_at, d.state
  from alert_deliveries as d
  where d.created_at >= %(since)s and d.state in ('sent', 'dead')
  order by d.channel asc, d.ended_at desc
) as l
where l.state = 'dead'
order by l.channel
