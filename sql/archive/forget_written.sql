-- Forget the files of a month, which are written anew. Parameters: month_on. Idempotent. Rows: none.
delete from archive_files
where month_on = %(month_on)s and state in ('written', 'restored')
