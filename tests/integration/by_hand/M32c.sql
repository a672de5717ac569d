-- no arrest in 30 days
, answered as (
    select a.episode_id, a.participant_id, a.point, a.collected_on, cast(null as int) as days,
           a.arrests_30 = 0 as met
    from intake.assessment a
    join asked on asked.agency_id = a.agency_id
    where a.arrests_30 is not null
),
