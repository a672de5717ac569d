-- Of the credentials to be renewed in the period where the IC&RC board counts on that day: 20 hours of continuing
-- education in the cycle, 6 of them in ethics? Every cycle in the demo has its first day on record.
select c.staff_id as unit, cast(null as uuid) as program_id, bool_and(c.hours >= 20 and c.ethics >= 6) as met
from (
    select d.staff_id,
           (select coalesce(sum(t.hours), 0) from workforce.training t
            where t.agency_id = d.agency_id and t.staff_id = d.staff_id and t.kind = 'continuing'
              and t.void_reason is null and t.completed_on between d.cycle_from and d.renewal_on) as hours,
           (select coalesce(sum(t.hours), 0) from workforce.training t
            where t.agency_id = d.agency_id and t.staff_id = d.staff_id and t.kind = 'continuing'
              and t.topic = 'ethics' and t.void_reason is null
              and t.completed_on between d.cycle_from and d.renewal_on) as ethics
    from workforce.credential d
    join asked on asked.agency_id = d.agency_id
    where d.renewal_on between first_day and last_day
      and exists (select from workforce.placement l
                  join workforce.program_pack k on k.agency_id = l.agency_id and k.program_id = l.program_id
                  where l.agency_id = d.agency_id and l.staff_id = d.staff_id and k.pack_id = 'ICRC-PR'
                    and d.renewal_on between l.valid_from and coalesce(l.valid_to, d.renewal_on)
                    and d.renewal_on between k.valid_from and coalesce(k.valid_to, d.renewal_on))
) c
group by c.staff_id
