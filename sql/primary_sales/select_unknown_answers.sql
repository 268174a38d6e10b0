-- Answers about gender with no known meaning, most frequent first: what a person can fix. Parameters: external_id (null:
-- every event). Rows: at most 50.
select answer, sum(tickets)::integer as tickets
from vivenu_gender
where
  gender = 'unknown'
  and answer <> '(no answer)'
  and (%(external_id)s::text is null or external_id = %(external_id)s)
group by answer
order by tickets desc, answer asc
limit 50
