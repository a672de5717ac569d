-- Put after the answers of M31 and M32: the first baseline, and the latest answer 75 to 105 or 150 to 210 days later.
baseline as (
    select distinct on (episode_id) * from answered where point = 'baseline' order by episode_id, collected_on
),
follow_up as (
    select distinct on (answered.episode_id) answered.*
    from answered
    join baseline using (episode_id)
    cross join asked
    where answered.point in ('follow_up', 'closeout') and answered.collected_on <= last_day
      and (answered.collected_on - baseline.collected_on between 75 and 105
           or answered.collected_on - baseline.collected_on between 150 and 210)
    order by answered.episode_id, answered.collected_on desc
),
died as (
    select participant_id, min(deceased_on) as day from intake.episode where deceased_on is not null group by 1
)
select b.participant_id as unit, e.program_id, f.met as met, b.met as met_at_baseline,
       b.days as days_at_baseline, f.days as days_at_follow_up, false as lost
from baseline b
join follow_up f using (episode_id)
join intake.episode e on e.id = b.episode_id
cross join asked
where f.collected_on between first_day and last_day
union all
select b.participant_id, e.program_id, null, b.met, b.days, null, true
from baseline b
join intake.episode e on e.id = b.episode_id
left join died on died.participant_id = b.participant_id
cross join asked
where b.collected_on + 210 between first_day and last_day
  and not exists (select from follow_up f where f.episode_id = b.episode_id)
  and (died.day is null or died.day > b.collected_on + 210)
