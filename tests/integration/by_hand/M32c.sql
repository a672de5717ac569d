-- no arrest in 30 days
, answered as (
    select a.id, a.episode_id, coalesce(p.merged_into, p.id) as person_id, a.point, a.collected_on, cast(null as int) as days,
           a.arrests_30 = 0 as met
    from intake.assessment a
    join asked on asked.agency_id = a.agency_id
    join intake.participant p on p.agency_id = a.agency_id and p.id = a.participant_id
    where a.arrests_30 is not null
),
