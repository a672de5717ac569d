, begun as (  -- goals that have become active, also those that were reached since
    select goal.* from intake.goal, asked where goal.agency_id = asked.agency_id and goal.active_from <= last_day
)
select plan.id as unit, e.program_id,
       not exists (
           select from (values ('health'), ('home'), ('purpose'), ('community')) as wanted (dimension)
           where wanted.dimension <> all(plan.declined_dimensions)
             and not exists (select from begun where begun.plan_id = plan.id and begun.dimension = wanted.dimension)
       )
       and exists (select from begun where begun.plan_id = plan.id and begun.stated_by = 'participant') as met
from intake.plan
join asked on asked.agency_id = plan.agency_id
join intake.episode e on e.agency_id = plan.agency_id and e.id = plan.episode_id
where cast(plan.agreed_at at time zone asked.zone as date) <= last_day
  and (plan.in_force_to is null or plan.in_force_to >= last_day)
  and (e.closed_on is null or e.closed_on >= last_day)
