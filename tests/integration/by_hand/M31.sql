-- 0 use days; the days themselves are kept for the means
, answered as (
    select a.id, a.episode_id, coalesce(p.merged_into, p.id) as person_id, a.point, a.collected_on, a.use_days_30 as days,
           a.use_days_30 = 0 as met
    from intake.assessment a
    join asked on asked.agency_id = a.agency_id
    join intake.participant p on p.agency_id = a.agency_id and p.id = a.participant_id
    where a.use_days_30 is not null
),
