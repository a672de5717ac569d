-- All twelve categories assessed or trained in the two years up to the last day, by peers of a year or more?
select w.id as unit, cast(null as uuid) as program_id,
       (select count(distinct category) from (
            select unnest(c.categories) as category from workforce.competency_assessment c
            where c.agency_id = w.agency_id and c.staff_id = w.id and c.void_reason is null
              and c.assessed_on between cast(last_day - interval '2 years' as date) and last_day
            union all
            select unnest(t.categories) from workforce.training t
            where t.agency_id = w.agency_id and t.staff_id = w.id and t.void_reason is null
              and t.completed_on between cast(last_day - interval '2 years' as date) and last_day
       ) seen) = 12 as met
from workforce.staff w
join asked on asked.agency_id = w.agency_id
where 'peer' = any(w.roles) and last_day between w.employed_from and coalesce(w.employed_to, last_day)
  and w.employed_from <= cast(last_day - interval '1 year' as date)
