-- Sold tickets by event, age group and gender, youngest first. Parameters: external_id (null: every event). Rows: one
-- per event, age group and gender.
select external_id, age_group, gender, position::integer as position, tickets
from vivenu_age_groups
where %(external_id)s::text is null or external_id = %(external_id)s
order by position, gender, external_id
