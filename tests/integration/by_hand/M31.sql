-- 0 use days; the days themselves are kept for the means
, answered as (
    select a.episode_id, a.participant_id, a.point, a.collected_on, a.use_days_30 as days,
           a.use_days_30 = 0 as met
    from intake.assessment a
    join asked on asked.agency_id = a.agency_id
    where a.use_days_30 is not null
),
