-- Shapes of answers that are not an age, most frequent first: what a person can fix. Parameters: external_id (null:
-- every event). Rows: at most 50, one per shape.
select age_shape as shape, count(*)::integer as tickets
from vivenu_tickets
where
  status in ('VALID', 'DETAILSREQUIRED')
  and age_shape is not null
  and (%(external_id)s::text is null or external_id = %(external_id)s)
group by age_shape
order by tickets desc, shape asc
limit 50
