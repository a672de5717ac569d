select d.id as unit, cast(null as uuid) as program_id,
       d.basis_valid and (d.basis <> 'consent' or d.consent_id is not null) as met
from intake.disclosure d
join asked on asked.agency_id = d.agency_id
where cast(d.made_at at time zone asked.zone as date) between first_day and last_day
  and d.basis <> 'access_by_person'
