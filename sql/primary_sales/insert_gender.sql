-- Compute sold tickets by event and answer about gender. Parameters: genders (jsonb array: answer, gender, for every
-- answer stored). The table is empty before, in the same transaction. Rows: one per event and answer; none is one.
with genders as (
  select r.* from jsonb_to_recordset(%(genders)s) as r (answer text, gender text)
)

insert into vivenu_gender (external_id, answer, gender, tickets)
select t.external_id, coalesce(t.gender_answer, '(no answer)'), coalesce(min(n.gender), 'unknown'), count(*)
from vivenu_tickets as t
left join genders as n on t.gender_answer = n.answer
where t.status in ('VALID', 'DETAILSREQUIRED')
group by 1, 2
