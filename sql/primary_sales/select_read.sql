-- How far a subject was read. Parameters: subject. Rows: 1, or none where it never was.
select high_water_at, is_full, fingerprint, unreadable, announced, read_at from vivenu_reads
where subject = %(subject)s
