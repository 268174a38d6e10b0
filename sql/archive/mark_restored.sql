-- From here on the rows of a month count again, not its files. Parameters: month_on, restored_at. Rows: none.
update archive_files
set state = 'restored', restored_at = %(restored_at)s
where month_on = %(month_on)s and state in ('dropping', 'dropped')
