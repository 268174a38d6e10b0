-- Bring the manifests of captures whose listings were moved to what is stored now; accepted + rejected = received.
-- A capture whose listings are not all there any more keeps its counts.
-- Parameters: starts_from, starts_until, event_ids (bigint[]: of the sources), sources (jsonb array of event_id, marketplace,
-- fingerprint). Rows: none.
with stale as materialized (
  select s.event_id, s.marketplace, s.captured_at
  from jsonb_to_recordset(%(sources)s) as r (event_id bigint, marketplace text, fingerprint text)
  inner join snapshots as s on s.event_id = r.event_id and s.marketplace = r.marketplace
  where
    s.captured_at >= %(starts_from)s and s.captured_at < %(starts_until)s
    and s.admission_rules is distinct from r.fingerprint
),

counted as (
  select
    s.event_id, s.marketplace, s.captured_at, count(l.event_id)::integer as accepted,
    coalesce(sum(l.quantity) filter (where l.admission = 'seat'), 0)::integer as tickets,
    case when min(l.currency) = max(l.currency) then min(l.currency) end as currency,
    case when min(l.fee_basis) = max(l.fee_basis) then min(l.fee_basis) end as fee_basis
  from stale as s
  left join listings as l
    on
      l.event_id = s.event_id and l.marketplace = s.marketplace and l.captured_at = s.captured_at
      and l.captured_at >= %(starts_from)s and l.captured_at < %(starts_until)s
  group by s.event_id, s.marketplace, s.captured_at
),

rejected as (
  select
    s.event_id, s.marketplace, s.captured_at, count(x.event_id)::integer as rejected,
    (count(*) filter (where x.reasons in (array[%(parking)s::text], array[%(extra)s::text])))::integer as set_aside
  from stale as s
  left join rejected_listings as x
    on
      x.event_id = s.event_id and x.marketplace = s.marketplace and x.captured_at = s.captured_at
      and x.captured_at >= %(starts_from)s and x.captured_at < %(starts_until)s
      and x.event_id = any(%(event_ids)s::bigint[])
  group by s.event_id, s.marketplace, s.captured_at
)

update snapshots as n
set
  accepted = c.accepted, rejected = r.rejected, set_aside = r.set_aside, tickets = c.tickets, currency = c.currency,
  fee_basis = c.fee_basis
from counted as c
inner join rejected as r
  on r.event_id = c.event_id and r.marketplace = c.marketplace and r.captured_at = c.captured_at
where
  n.event_id = c.event_id and n.marketplace = c.marketplace and n.captured_at = c.captured_at
  and n.captured_at >= %(starts_from)s and n.captured_at < %(starts_until)s and c.accepted + r.rejected = n.received
  and (n.accepted, n.set_aside, n.tickets) is distinct from (c.accepted, r.set_aside, c.tickets)
