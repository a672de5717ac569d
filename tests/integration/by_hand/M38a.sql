-- Day 1 is the day of opening, so that the 30 days end on opened_on + 29.
select e.id as unit, e.program_id,
       (select count(*) from delivered s
        where s.episode_id = e.id and s.day between e.opened_on and e.opened_on + 29) >= 3 as met
from intake.episode e
join asked on asked.agency_id = e.agency_id
where e.opened_on <= last_day - 30
  and not exists (
      select from intake.episode other
      where other.participant_id = e.participant_id and other.deceased_on <= e.opened_on + 29
  )
