-- When each event was captured first, and how many listings its last capture has. Parameters: marketplace.
-- Rows: one per event with captures, by its id at the marketplace.
select s.external_id, f.captured_at as first_at, l.accepted as listings
from event_sources as s
cross join
  lateral (
    select n.captured_at
    from snapshots as n
    where n.event_id = s.event_id and n.marketplace = s.marketplace
    order by n.captured_at
    limit 1
  ) as f
cross join
  lateral (
    select n.accepted
    from snapshots as n
    where n.event_id = s.event_id and n.marketplace = s.marketplace
    order by n.captured_at desc
    limit 1
  ) as l
where s.marketplace = %(marketplace)s
order by s.external_id
