-- living independently or dependently, not homeless
, answered as (
    select a.episode_id, a.participant_id, a.point, a.collected_on, cast(null as int) as days,
           a.housing in ('independent', 'dependent') as met
    from intake.assessment a
    join asked on asked.agency_id = a.agency_id
    where a.housing is not null
),
