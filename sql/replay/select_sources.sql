-- What can be read again: events with captures in a span, at each marketplace. Parameters: marketplaces (text[]), since, until
-- (timestamptz, exclusive), external_ids (text[]; null: all; an event with all its ids). Rows: one per event and
-- marketplace; `bodies`: captures whose body is kept.
select s.event_id, s.marketplace, count(*)::integer as captures, count(r.event_id)::integer as bodies
from snapshots as s
left join raw_payloads as r
  on r.event_id = s.event_id and r.marketplace = s.marketplace and r.captured_at = s.captured_at
where
  s.captured_at >= %(since)s and s.captured_at < %(until)s and s.marketplace = any(%(marketplaces)s::text[])
  and (
    %(external_ids)s::text[] is null
    or exists (
      select 1
      from event_sources as o
      where
        o.event_id = s.event_id and o.marketplace = s.marketplace and o.external_id = any(%(external_ids)s::text[])
    )
  )
group by s.event_id, s.marketplace
order by s.marketplace, s.event_id
