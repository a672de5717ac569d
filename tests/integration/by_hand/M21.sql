select g.id as unit, g.program_id,
       g.size <= p.group_max
       and not exists (
           select from delivered s
           where s.group_id = g.id and s.service_code is not null
             and p.group_modifier is not null and p.group_modifier <> all(s.modifiers)
       )
       and (select count(distinct s.participant_id) from delivered s where s.group_id = g.id) >= g.size
       and not exists (select from delivered s where s.group_id = g.id and 'summary' = any(s.missing_elements)) as met
from session_logging.peer_group g
join asked on asked.agency_id = g.agency_id
join workforce.program p on p.agency_id = g.agency_id and p.id = g.program_id
where cast(g.started_at at time zone asked.zone as date) between first_day and last_day
  and exists (
      select from session_logging.peer_session s
      where s.agency_id = g.agency_id and s.group_id = g.id and s.status <> 'voided'
  )
