-- What is stored of captures beside their listings. Parameters: event_id, marketplace, captured (timestamptz[]). Rows: one per
-- capture, in order; `rejects` is an array of [reasons, id where it was excluded, else position].
select
  s.captured_at, s.received, s.accepted, s.rejected, s.tickets, s.currency, s.fee_basis, s.checksum_problems, s.unknown_fields,
  s.set_aside, s.admission_rules,
  coalesce(
    jsonb_agg(jsonb_build_array(x.reasons, coalesce(x.listing ->> 'listing_id', x.position::text)))
    filter (where x.event_id is not null),
    '[]'
  ) as rejects
from snapshots as s
left join rejected_listings as x
  on x.event_id = s.event_id and x.marketplace = s.marketplace and x.captured_at = s.captured_at
where s.event_id = %(event_id)s and s.marketplace = %(marketplace)s and s.captured_at = any(%(captured)s::timestamptz[])
group by s.event_id, s.marketplace, s.captured_at
order by s.captured_at
