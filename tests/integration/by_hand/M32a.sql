-- employed or in education; one of the two answers is enough, and the other then counts as no
, answered as (
    select a.id, a.episode_id, coalesce(p.merged_into, p.id) as person_id, a.point, a.collected_on, cast(null as int) as days,
           coalesce(a.employment in ('full_time', 'part_time'), false) or coalesce(a.in_education, false) as met
    from intake.assessment a
    join asked on asked.agency_id = a.agency_id
    join intake.participant p on p.agency_id = a.agency_id and p.id = a.participant_id
    where (a.employment is not null or a.in_education is not null)
),
