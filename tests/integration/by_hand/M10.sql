-- On each day on which somebody delivered a session: were no more than 25 people theirs, 15 in North Carolina's programs?
select cast(md5(cast(d.staff_id as text) || cast(d.day as text)) as uuid) as unit, cast(null as uuid) as program_id,
       (select count(distinct coalesce(p.merged_into, p.id))
        from intake.assignment a
        join intake.participant p on p.agency_id = a.agency_id and p.id = a.participant_id
        where a.agency_id = d.agency_id and a.staff_id = d.staff_id
          and a.valid_from <= d.day and coalesce(a.valid_to, d.day) >= d.day)
       <= case when exists (select from workforce.placement l
                            join workforce.program_pack k on k.agency_id = l.agency_id and k.program_id = l.program_id
                            where l.agency_id = d.agency_id and l.staff_id = d.staff_id and k.pack_id = 'NC'
                              and d.day between l.valid_from and coalesce(l.valid_to, d.day)
                              and d.day between k.valid_from and coalesce(k.valid_to, d.day))
          then 15 else 25 end as met
from (select distinct agency_id, staff_id, day from in_period) d
