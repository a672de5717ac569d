, first_plan as (
    select episode_id, min(cast(agreed_at at time zone asked.zone as date)) as agreed_on
    from intake.plan join asked on asked.agency_id = plan.agency_id
    group by episode_id
)
select s.id as unit, s.program_id,
       exists (
           select from intake.goal
           join intake.plan on plan.agency_id = goal.agency_id and plan.id = goal.plan_id
           where goal.agency_id = s.agency_id and goal.id = any(s.goal_ids)
             and plan.participant_id = s.participant_id
             and goal.active_from <= s.day and (goal.active_to is null or goal.active_to >= s.day)
       ) as met
from in_period s
join first_plan on first_plan.episode_id = s.episode_id
where s.outcome <> 'crisis' and s.modality not in ('crisis_support', 'outreach') and s.day >= first_plan.agreed_on
