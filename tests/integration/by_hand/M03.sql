-- Where the IC&RC board was chosen: 500 hours of supervised work, and 25 of supervision, received here or elsewhere?
select s.id as unit, cast(null as uuid) as program_id,
       (select coalesce(sum(h.hours), 0) from workforce.work_hours h
        where h.agency_id = s.agency_id and h.staff_id = s.id and h.kind = 'supervised_work'
          and h.void_reason is null and h.to_on <= last_day) >= 500
       and 60 * (select coalesce(sum(h.hours), 0) from workforce.work_hours h
                 where h.agency_id = s.agency_id and h.staff_id = s.id and h.kind = 'supervision_received'
                   and h.void_reason is null and h.to_on <= last_day)
           + (select coalesce(sum(v.minutes), 0) from workforce.supervision v
              join workforce.supervised_worker x on x.agency_id = v.agency_id and x.supervision_id = v.id
              where v.agency_id = s.agency_id and x.staff_id = s.id and v.state = 'held' and v.held_on <= last_day)
           >= 60 * 25 as met
from workforce.staff s
join asked on asked.agency_id = s.agency_id
where 'peer' = any(s.roles) and last_day between s.employed_from and coalesce(s.employed_to, last_day)
  and exists (select from workforce.placement l
              join workforce.program_pack k on k.agency_id = l.agency_id and k.program_id = l.program_id
              where l.agency_id = s.agency_id and l.staff_id = s.id and k.pack_id = 'ICRC-PR'
                and last_day between l.valid_from and coalesce(l.valid_to, last_day)
                and last_day between k.valid_from and coalesce(k.valid_to, last_day))
  and exists (select from workforce.credential c
              where c.agency_id = s.agency_id and c.staff_id = s.id and c.credential_type <> 'licensed_clinician'
                and last_day between c.valid_from and c.valid_to
                and 'active' = (select h.status from workforce.credential_status h
                                where h.agency_id = c.agency_id and h.credential_id = c.id and h.since <= last_day
                                order by h.since desc, h.place desc limit 1))
