, due as (
    select e.*, e.opened_on + p.plan_deadline_days as deadline
    from intake.episode e
    join asked on asked.agency_id = e.agency_id
    join workforce.program p on p.agency_id = e.agency_id and p.id = e.program_id
)
select due.id as unit, due.program_id,
       exists (
           select from intake.plan
           where plan.episode_id = due.id and cast(plan.agreed_at at time zone asked.zone as date) <= due.deadline
       ) as met
from due, asked
where due.deadline between first_day and last_day and (due.closed_on is null or due.closed_on >= due.deadline)
