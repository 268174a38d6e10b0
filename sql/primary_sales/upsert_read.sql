-- Remember how far a subject was read; the mark never goes back. Parameters: subject, high_water_at, is_full,
-- fingerprint, unreadable. Idempotent. Rows: 1.
insert into vivenu_reads as r (subject, high_water_at, is_full, fingerprint, unreadable)
values (%(subject)s, %(high_water_at)s, %(is_full)s, %(fingerprint)s, %(unreadable)s)
on conflict (subject) do update
  set
    high_water_at = greatest(r.high_water_at, excluded.high_water_at), read_at = now(), is_full = excluded.is_full,
    fingerprint = excluded.fingerprint,
    unreadable = case when excluded.is_full then excluded.unreadable else r.unreadable + excluded.unreadable end
