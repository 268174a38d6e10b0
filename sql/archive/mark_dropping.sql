-- From here on the files of a month count, not its rows. Parameters: month_on. Rows: none.
update archive_files
set state = 'dropping'
where month_on = %(month_on)s and state = 'written'
