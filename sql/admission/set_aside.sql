-- Move listings that are parking or extras to the rejected ones, with their columns. A position beyond the body tells
-- that a listing was excluded later.
-- Parameters: starts_from, starts_until, event_ids (bigint[]: of the sources), sources (jsonb array of event_id, marketplace,
-- fingerprint), verdicts (jsonb array of event_id, marketplace, section, row, zone, notes, each '' where null, and admission).
-- Rows: none.
with stale as materialized (select * from captures_to_judge(%(sources)s, %(starts_from)s, %(starts_until)s)),

verdicts as materialized (select * from admission_verdicts(%(verdicts)s)),

moved as (
  delete from listings as l
  using stale as s, verdicts as v
  where
    l.event_id = s.event_id and l.marketplace = s.marketplace and l.captured_at = s.captured_at
    and l.captured_at >= %(starts_from)s and l.captured_at < %(starts_until)s
    and l.event_id = any(%(event_ids)s::bigint[])
    and v.event_id = l.event_id and v.marketplace = l.marketplace and v.section = coalesce(l.section, '')
    and v."row" = coalesce(l."row", '') and v.zone = coalesce(l.zone, '') and v.notes = coalesce(l.notes, '')
    and v.admission in ('parking', 'extra')
  returning
    l.event_id, l.marketplace, l.captured_at, l.listing_id, v.admission as verdict,
    to_jsonb(l) - array['event_id', 'marketplace', 'captured_at', 'admission', 'price_class'] as listing
),

highest as (
  select s.event_id, s.marketplace, s.captured_at, greatest(max(x.position), max(n.received) - 1) as position
  from stale as s
  inner join snapshots as n
    on
      n.event_id = s.event_id and n.marketplace = s.marketplace and n.captured_at = s.captured_at
      and n.captured_at >= %(starts_from)s and n.captured_at < %(starts_until)s
  left join rejected_listings as x
    on
      x.event_id = s.event_id and x.marketplace = s.marketplace and x.captured_at = s.captured_at
      and x.captured_at >= %(starts_from)s and x.captured_at < %(starts_until)s
      and x.event_id = any(%(event_ids)s::bigint[])
  group by s.event_id, s.marketplace, s.captured_at
)

insert into rejected_listings (event_id, marketplace, captured_at, position, raw, reasons, listing)
select
  m.event_id, m.marketplace, m.captured_at,
  h.position + row_number() over (partition by m.event_id, m.marketplace, m.captured_at order by m.listing_id),
  m.listing::text, array[case when m.verdict = 'parking' then %(parking)s::text else %(extra)s::text end], m.listing
from moved as m
inner join highest as h on h.event_id = m.event_id and h.marketplace = m.marketplace and h.captured_at = m.captured_at
