-- Events of which many answers of holders of sold tickets have no known meaning. Parameters: about ('gender' or 'age'),
-- least_answers (fewer are not judged), most_unknown (share of the answers). Rows: one per such event, by its id.
select e.external_id, e.name, a.about, a.answers, a.unread
from vivenu_events as e
cross join
  lateral (
    select
      'gender' as about, sum(g.tickets)::integer as answers,
      coalesce(sum(g.tickets) filter (where g.gender = 'unknown'), 0)::integer as unread
    from vivenu_gender as g
    where g.external_id = e.external_id and g.answer <> '(no answer)'
    union all
    select 'age' as about, count(*)::integer as answers, (count(*) filter (where t.age_years is null))::integer as unread
    from vivenu_tickets as t
    where
      t.external_id = e.external_id
      and t.status in ('VALID', 'DETAILSREQUIRED')
      and (t.age_years is not null or t.age_shape is not null)
  ) as a
where a.about = %(about)s and a.answers >= %(least_answers)s and a.unread > %(most_unknown)s * a.answers
order by e.external_id
