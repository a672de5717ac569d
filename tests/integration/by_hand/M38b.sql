-- Three blocks of 30 days, the last of which ends on opened_on + 89.
select e.id as unit, e.program_id,
       not exists (
           select from generate_series(0, 60, 30) as block (starts)
           where not exists (
               select from delivered s
               where s.episode_id = e.id
                 and s.day between e.opened_on + starts and e.opened_on + starts + 29
           )
       ) as met
from intake.episode e
join asked on asked.agency_id = e.agency_id
where e.opened_on <= last_day - 90
  and not exists (
      select from intake.episode other
      where other.participant_id = e.participant_id and other.deceased_on <= e.opened_on + 89
  )
