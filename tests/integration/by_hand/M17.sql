-- Count the days after the end, leave out weekends and holidays, and take the last one that is still allowed.
, ended as (
    select s.id, s.program_id, s.signed_at, asked.as_of, asked.zone, asked.holidays,
           cast(s.ended_at at time zone asked.zone as date) as end_day, p.note_deadline_business_days as allowed
    from in_period s
    join asked on asked.agency_id = s.agency_id
    join workforce.program p on p.agency_id = s.agency_id and p.id = s.program_id
),
due as (
    select ended.*,
           case when allowed = 0 then end_day else (
               select cast(calendar as date)
               from generate_series(end_day + interval '1 day', end_day + interval '120 days', '1 day') as calendar
               where extract(isodow from calendar) <= 5 and cast(calendar as date) <> all(holidays)
               order by calendar offset allowed - 1 limit 1
           ) end as due_day
    from ended
),
judged as (
    select due.*, cast(due_day + 1 as timestamp) at time zone zone as too_late from due
)
select id as unit, program_id, coalesce(signed_at < too_late, false) as met
from judged
where signed_at is not null or as_of >= too_late
