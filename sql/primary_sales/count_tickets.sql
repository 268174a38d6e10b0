-- How many tickets of an event vivenu still has, as far as we know. Parameters: external_id. Rows: 1.
select count(*)::integer as tickets from vivenu_tickets
where external_id = %(external_id)s and status <> 'GONE'
