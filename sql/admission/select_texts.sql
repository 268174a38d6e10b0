-- What the listings say that captures of a span hold or have excluded, of captures that other rules judged.
-- Parameters: starts_from, starts_until, event_ids (bigint[]: of the sources), sources (jsonb array of event_id, marketplace,
-- fingerprint). Rows: one per distinct combination of texts and of what it counts as now.
with stale as materialized (
  select s.event_id, s.marketplace, s.captured_at
  from jsonb_to_recordset(%(sources)s) as r (event_id bigint, marketplace text, fingerprint text)
  inner join snapshots as s on s.event_id = r.event_id and s.marketplace = r.marketplace
  where
    s.captured_at >= %(starts_from)s and s.captured_at < %(starts_until)s
    and s.admission_rules is distinct from r.fingerprint
)

select l.event_id, l.marketplace, l.section, l."row", l.zone, l.notes, l.admission
from stale as s
inner join listings as l on l.event_id = s.event_id and l.marketplace = s.marketplace and l.captured_at = s.captured_at
where l.captured_at >= %(starts_from)s and l.captured_at < %(starts_until)s
union
select
  x.event_id, x.marketplace, x.listing ->> 'section', x.listing ->> 'row', x.listing ->> 'zone', x.listing ->> 'notes',
  case when x.reasons = array[%(parking)s::text] then 'parking' else 'extra' end
from stale as s
inner join rejected_listings as x
  on x.event_id = s.event_id and x.marketplace = s.marketplace and x.captured_at = s.captured_at
where
  x.listing is not null and x.captured_at >= %(starts_from)s and x.captured_at < %(starts_until)s
  and x.event_id = any(%(event_ids)s::bigint[])
