-- Hours of core training up to the last day: 46, with 10 in each of three topics and 16 in ethics, where the IC&RC board
-- was chosen; else 40 where the national standards were; else nobody is judged.
select w.id as unit, cast(null as uuid) as program_id,
       case when w.board then
           w.total >= 46 and w.advocacy >= 10 and w.mentoring >= 10 and w.recovery >= 10 and w.ethics >= 16
       else w.total >= 40 end as met
from (
    select s.id,
           exists (select from workforce.placement l
                   join workforce.program_pack k on k.agency_id = l.agency_id and k.program_id = l.program_id
                   where l.agency_id = s.agency_id and l.staff_id = s.id and k.pack_id = 'ICRC-PR'
                     and last_day between l.valid_from and coalesce(l.valid_to, last_day)
                     and last_day between k.valid_from and coalesce(k.valid_to, last_day)) as board,
           exists (select from workforce.placement l
                   join workforce.program_pack k on k.agency_id = l.agency_id and k.program_id = l.program_id
                   where l.agency_id = s.agency_id and l.staff_id = s.id and k.pack_id = 'SAMHSA-NMS-2023'
                     and last_day between l.valid_from and coalesce(l.valid_to, last_day)
                     and last_day between k.valid_from and coalesce(k.valid_to, last_day)) as standards,
           coalesce(sum(t.hours), 0) as total,
           coalesce(sum(t.hours) filter (where t.topic = 'advocacy'), 0) as advocacy,
           coalesce(sum(t.hours) filter (where t.topic = 'mentoring_education'), 0) as mentoring,
           coalesce(sum(t.hours) filter (where t.topic = 'recovery_wellness'), 0) as recovery,
           coalesce(sum(t.hours) filter (where t.topic = 'ethics'), 0) as ethics
    from workforce.staff s
    join asked on asked.agency_id = s.agency_id
    left join workforce.training t on t.agency_id = s.agency_id and t.staff_id = s.id
        and t.kind = 'core' and t.void_reason is null and t.completed_on <= last_day
    where 'peer' = any(s.roles) and last_day between s.employed_from and coalesce(s.employed_to, last_day)
      and exists (select from workforce.credential c
                  where c.agency_id = s.agency_id and c.staff_id = s.id and c.credential_type <> 'licensed_clinician'
                    and last_day between c.valid_from and c.valid_to
                    and 'active' = (select h.status from workforce.credential_status h
                                    where h.agency_id = c.agency_id and h.credential_id = c.id and h.since <= last_day
                                    order by h.since desc, h.place desc limit 1))
    group by s.agency_id, s.id, last_day
) w
where w.board or w.standards
