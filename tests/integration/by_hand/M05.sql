-- Ethics signed in the twelve months up to the last day, and lived experience on file, neither withdrawn by then?
select w.id as unit, cast(null as uuid) as program_id,
       exists (select from workforce.attestation a
               where a.agency_id = w.agency_id and a.staff_id = w.id and a.kind = 'code_of_ethics'
                 and a.signed_on between cast(last_day - interval '1 year' as date) and last_day
                 and coalesce(a.withdrawn_on, last_day + 1) > last_day)
       and exists (select from workforce.attestation a
                   where a.agency_id = w.agency_id and a.staff_id = w.id and a.kind = 'lived_experience'
                     and a.signed_on <= last_day and coalesce(a.withdrawn_on, last_day + 1) > last_day) as met
from workforce.staff w
join asked on asked.agency_id = w.agency_id
where 'peer' = any(w.roles) and last_day between w.employed_from and coalesce(w.employed_to, last_day)
