-- Put after the answers of M31 and M32: the first baseline, and the latest answer 75 to 105 or 150 to 210 days later.
baseline as (
    select distinct on (episode_id) * from answered where point = 'baseline' order by episode_id, collected_on, id
),
follow_up as (
    select distinct on (answered.episode_id) answered.*
    from answered
    join baseline using (episode_id)
    cross join asked
    where answered.point in ('follow_up', 'closeout') and answered.collected_on <= last_day
      and (answered.collected_on - baseline.collected_on between 75 and 105
           or answered.collected_on - baseline.collected_on between 150 and 210)
    order by answered.episode_id, answered.collected_on desc, answered.id desc
),
died as (
    select coalesce(p.merged_into, p.id) as person_id, min(e.deceased_on) as day
    from intake.episode e
    join intake.participant p on p.agency_id = e.agency_id and p.id = e.participant_id
    where e.deceased_on is not null
    group by 1
),
pair as (  -- one for each person in each program: the episode with the latest answer speaks
    select distinct on (b.person_id, e.program_id)
           b.person_id, e.program_id, f.collected_on, f.met, b.met as met_at_baseline,
           b.days as days_at_baseline, f.days as days_at_follow_up
    from baseline b
    join follow_up f using (episode_id)
    join intake.episode e on e.id = b.episode_id
    order by b.person_id, e.program_id, f.collected_on desc, f.id desc
)
select person_id as unit, program_id, met, met_at_baseline, days_at_baseline, days_at_follow_up, false as lost
from pair
cross join asked
where collected_on between first_day and last_day
union all
select distinct b.person_id, e.program_id, cast(null as boolean), cast(null as boolean), cast(null as int),
       cast(null as int), true
from baseline b
join intake.episode e on e.id = b.episode_id
left join died on died.person_id = b.person_id
cross join asked
where b.collected_on + 210 between first_day and last_day
  and not exists (select from pair p where p.person_id = b.person_id and p.program_id = e.program_id)
  and (died.day is null or died.day > b.collected_on + 210)
