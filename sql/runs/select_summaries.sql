-- What runs did, newest first. Parameters: since, job_name (null: all), most. Rows: at most `most`.
select r.*
from run_summaries as r
where r.finished_at >= %(since)s and (%(job_name)s::text is null or r.job_name = %(job_name)s)
order by r.finished_at desc
limit %(most)s
