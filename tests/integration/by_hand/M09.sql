-- On each day that is over, for whoever supervises somebody in a program that chose North Carolina: no more than eight
-- full-time equivalents in all?
select cast(md5(cast(d.supervisor_id as text) || cast(d.day as text)) as uuid) as unit, cast(null as uuid) as program_id,
       d.load <= 8 as met
from (
    select a.supervisor_id, cast(moment as date) as day, sum(a.fte * w.fte) as load,
           bool_or(exists (select from workforce.placement l
                           join workforce.program_pack k on k.agency_id = l.agency_id and k.program_id = l.program_id
                           where l.agency_id = w.agency_id and l.staff_id = w.id and k.pack_id = 'NC'
                             and cast(moment as date) between l.valid_from and coalesce(l.valid_to, cast(moment as date))
                             and cast(moment as date) between k.valid_from
                                 and coalesce(k.valid_to, cast(moment as date)))) as limited
    from asked
    cross join generate_series(first_day, last_day, interval '1 day') moment
    join workforce.supervisor_assignment a on a.agency_id = asked.agency_id
        and cast(moment as date) between a.valid_from and coalesce(a.valid_to, cast(moment as date))
    join workforce.staff w on w.agency_id = a.agency_id and w.id = a.staff_id
        and cast(moment as date) between w.employed_from and coalesce(w.employed_to, cast(moment as date))
    where cast(moment as date) < cast(as_of at time zone zone as date)
    group by a.supervisor_id, moment
) d
where d.limited
