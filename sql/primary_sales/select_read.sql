-- How far a subject was read. Parameters: subject. Rows: 1, or none where it was never read.
select high_water_at, is_full, fingerprint, unreadable, announced, read_at from vivenu_reads
where subject = %(subject)s
