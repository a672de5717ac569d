, compared as (
    select d.*, g.staff_id as facilitator_id, g.co_facilitator_id
    from delivered d
    join asked on d.day between first_day - 7 and last_day + 7
    left join session_logging.peer_group g on g.agency_id = d.agency_id and g.id = d.group_id
    where d.ended_at > d.started_at
),
clash as (
    select mine.id  -- one worker in two places; the lines of one group are one place
    from compared mine
    join compared other on other.staff_id = mine.staff_id and other.id <> mine.id
    where mine.started_at < other.ended_at and other.started_at < mine.ended_at
      and (mine.group_id is null or other.group_id is null or mine.group_id <> other.group_id)
    union
    select mine.id  -- one person in two places; facilitator and co-facilitator may write a line each
    from compared mine
    join compared other on other.person_id = mine.person_id and other.id <> mine.id
    where mine.started_at < other.ended_at and other.started_at < mine.ended_at
      and not coalesce(mine.group_id = other.group_id
                       and (mine.staff_id, other.staff_id) in ((mine.facilitator_id, mine.co_facilitator_id),
                                                               (mine.co_facilitator_id, mine.facilitator_id)), false)
)
select s.id as unit, s.program_id,
       s.ended_at > s.started_at
       and s.id not in (select id from clash)
       and s.day >= w.employed_from
       and (w.employed_to is null or cast(s.ended_at at time zone s.zone as date) <= w.employed_to) as met
from in_period s
join workforce.staff w on w.agency_id = s.agency_id and w.id = s.staff_id
