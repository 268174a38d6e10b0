-- Say why listings stay excluded, where that has changed.
-- Parameters: starts_from, starts_until, event_ids (bigint[]: of the sources), sources (jsonb array of event_id, marketplace,
-- fingerprint), verdicts (jsonb array of event_id, marketplace, section, row, zone, notes, each '' where null, and admission).
-- Rows: none.
with stale as materialized (select * from captures_to_judge(%(sources)s, %(starts_from)s, %(starts_until)s)),

verdicts as materialized (select * from admission_verdicts(%(verdicts)s))

update rejected_listings as x
set reasons = array[case when v.admission = 'parking' then %(parking)s::text else %(extra)s::text end]
from stale as s, verdicts as v
where
  x.event_id = s.event_id and x.marketplace = s.marketplace and x.captured_at = s.captured_at and x.listing is not null
  and x.captured_at >= %(starts_from)s and x.captured_at < %(starts_until)s and x.event_id = any(%(event_ids)s::bigint[])
  and v.event_id = x.event_id and v.marketplace = x.marketplace and v.section = coalesce(x.listing ->> 'section', '')
  and v."row" = coalesce(x.listing ->> 'row', '') and v.zone = coalesce(x.listing ->> 'zone', '')
  and v.notes = coalesce(x.listing ->> 'notes', '') and v.admission in ('parking', 'extra')
