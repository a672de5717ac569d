-- Was the acknowledgement there before (or as) the first service began that was not a crisis?
select e.id as unit, e.program_id,
       e.voluntary_acknowledged_at is not null and not exists (
           select from delivered s
           where s.episode_id = e.id and s.modality <> 'crisis_support' and s.outcome <> 'crisis'
             and s.started_at < e.voluntary_acknowledged_at
       ) as met
from intake.episode e
join asked on asked.agency_id = e.agency_id
where e.opened_on between first_day and last_day and not e.single_contact_outreach
