-- Sold tickets by event and gender, the most frequent gender first. Parameters: none. Rows: one per event and gender.
select external_id, gender, sum(tickets)::integer as tickets
from vivenu_gender
group by external_id, gender
order by sum(sum(tickets)) over (partition by gender) desc, gender asc, external_id asc
