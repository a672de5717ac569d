-- Did the worker hold, on that day, an active credential that this program wants? Its status is the one of that day.
select s.id as unit, s.program_id,
       exists (
           select from workforce.credential c
           where c.agency_id = s.agency_id and c.staff_id = s.staff_id
             and 'active' = (
                 select h.status from workforce.credential_status h
                 where h.agency_id = c.agency_id and h.credential_id = c.id and h.since <= s.day
                 order by h.since desc, h.place desc limit 1)
             and c.valid_from <= s.day and s.day <= c.valid_to
             and (p.required_specialty is null or c.specialty = p.required_specialty)
             and (cardinality(p.accepted_credentials) = 0 or c.credential_type = any(p.accepted_credentials))
       ) as met
from in_period s
join workforce.program p on p.agency_id = s.agency_id and p.id = s.program_id
where p.credential_required
