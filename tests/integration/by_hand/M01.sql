-- Did the worker hold, on that day, an active credential that this program wants?
select s.id as unit, s.program_id,
       exists (
           select from workforce.credential c
           where c.agency_id = s.agency_id and c.staff_id = s.staff_id
             and c.status = 'active'
             and c.valid_from <= s.day and s.day <= c.valid_to
             and (p.required_specialty is null or c.specialty = p.required_specialty)
             and (cardinality(p.accepted_credentials) = 0 or c.credential_type = any(p.accepted_credentials))
       ) as met
from in_period s
join workforce.program p on p.agency_id = s.agency_id and p.id = s.program_id
where p.credential_required
