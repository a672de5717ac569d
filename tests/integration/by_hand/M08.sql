-- Was who supervised certified for it on that day, and a peer worker themself? Asked where the national standards count.
select cast(md5(cast(v.id as text) || cast(x.staff_id as text)) as uuid) as unit, cast(null as uuid) as program_id,
       exists (select from workforce.staff s
               where s.agency_id = v.agency_id and s.id = v.supervisor_id and s.peer_worker_since <= v.held_on)
       and exists (select from workforce.credential c
                   where c.agency_id = v.agency_id and c.staff_id = v.supervisor_id
                     and c.credential_type = 'certified_peer_supervisor'
                     and v.held_on between c.valid_from and c.valid_to
                     and 'active' = (select h.status from workforce.credential_status h
                                     where h.agency_id = c.agency_id and h.credential_id = c.id
                                       and h.since <= v.held_on
                                     order by h.since desc, h.place desc limit 1)) as met
from workforce.supervision v
join asked on asked.agency_id = v.agency_id
join workforce.supervised_worker x on x.agency_id = v.agency_id and x.supervision_id = v.id
where v.state = 'held' and v.held_on between first_day and last_day
  and exists (select from workforce.placement l
              join workforce.program_pack k on k.agency_id = l.agency_id and k.program_id = l.program_id
              where l.agency_id = v.agency_id and l.staff_id = x.staff_id and k.pack_id = 'SAMHSA-NMS-2023'
                and v.held_on between l.valid_from and coalesce(l.valid_to, v.held_on)
                and v.held_on between k.valid_from and coalesce(k.valid_to, v.held_on))
