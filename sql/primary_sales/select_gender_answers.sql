-- The different answers about gender that are stored. Parameters: none. Rows: one per answer.
select distinct gender_answer as answer from vivenu_tickets
where gender_answer is not null
order by answer
