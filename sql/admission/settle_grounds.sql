-- Tell grounds from seats: listings that say so are grounds where their capture has a seat, else seats.
-- Parameters: starts_from, starts_until, sources (jsonb array of event_id, marketplace, fingerprint), verdicts (jsonb
-- array of event_id, marketplace, section, row, zone, notes, each '' where null, and admission).
-- Run after set_aside and bring_back. Rows: none.
with stale as materialized (select * from captures_to_judge(%(sources)s, %(starts_from)s, %(starts_until)s)),

verdicts as materialized (select * from admission_verdicts(%(verdicts)s)),

grounds as materialized (
  select event_id, marketplace, section, "row", zone, notes
  from verdicts
  where admission = 'grounds'
),

captures as (
  select s.event_id, s.marketplace, s.captured_at, bool_or(g.event_id is null) as has_seats
  from stale as s
  inner join listings as l on l.event_id = s.event_id and l.marketplace = s.marketplace and l.captured_at = s.captured_at
  left join grounds as g
    on
      g.event_id = l.event_id and g.marketplace = l.marketplace and g.section = coalesce(l.section, '')
      and g."row" = coalesce(l."row", '') and g.zone = coalesce(l.zone, '') and g.notes = coalesce(l.notes, '')
  where l.captured_at >= %(starts_from)s and l.captured_at < %(starts_until)s
  group by s.event_id, s.marketplace, s.captured_at
)

update listings as l
set admission = case when l.admission = 'seat' then 'grounds' else 'seat' end
from captures as s
where
  l.event_id = s.event_id and l.marketplace = s.marketplace and l.captured_at = s.captured_at
  and l.captured_at >= %(starts_from)s and l.captured_at < %(starts_until)s
  and l.event_id = any(%(event_ids)s::bigint[])
  and (l.admission = 'grounds') <> (
    s.has_seats
    and (
      l.event_id, l.marketplace, coalesce(l.section, ''), coalesce(l."row", ''), coalesce(l.zone, ''),
      coalesce(l.notes, '')
    ) in (select g.event_id, g.marketplace, g.section, g."row", g.zone, g.notes from grounds as g)
  )
