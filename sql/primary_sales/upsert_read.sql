-- Store how far a subject was read; the mark never goes back. Parameters: subject, high_water_at, is_full,
-- fingerprint, announced. Its rejects are stored before, in the same transaction. Idempotent. Rows: 1.
insert into vivenu_reads as r (subject, high_water_at, is_full, fingerprint, unreadable, announced)
values (
  %(subject)s, %(high_water_at)s, %(is_full)s, %(fingerprint)s,
  (
    select count(*) from vivenu_rejects as v
    where v.subject = %(subject)s
  ),
  %(announced)s
)
on conflict (subject) do update
  set
    high_water_at = greatest(r.high_water_at, excluded.high_water_at), read_at = now(), is_full = excluded.is_full,
    fingerprint = excluded.fingerprint, unreadable = excluded.unreadable, announced = excluded.announced
