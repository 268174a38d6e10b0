-- Compute sold tickets by event, age group and gender. Parameters: groups (jsonb array: label, first, last, position),
-- genders (jsonb array: answer, gender, for every answer stored). The table is empty before, in the same transaction.
-- Rows: one per combination; unknown is one.
with groups as (
  select r.* from jsonb_to_recordset(%(groups)s) as r (label text, first integer, last integer, position integer)
),

genders as (
  select r.* from jsonb_to_recordset(%(genders)s) as r (answer text, gender text)
)

insert into vivenu_age_groups (external_id, age_group, gender, position, tickets)
select
  t.external_id, coalesce(g.label, 'unknown'), coalesce(n.gender, 'unknown'), min(coalesce(g.position, 999)), count(*)
from vivenu_tickets as t
left join groups as g on t.age_years between g.first and g.last
left join genders as n on t.gender_answer = n.answer
where t.status in ('VALID', 'DETAILSREQUIRED')
group by 1, 2, 3
