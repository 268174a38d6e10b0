-- Sold tickets by age group and gender, youngest first. Parameters: external_id (null: every event). Rows: one per
-- age group and gender.
select age_group, gender, min(position)::integer as position, sum(tickets)::integer as tickets
from vivenu_age_groups
where %(external_id)s::text is null or external_id = %(external_id)s
group by age_group, gender
order by position, gender
