-- Texas, where it was chosen: weeks for those in their first stage, months for the others, of any length. Elsewhere:
-- thirteen intervals of 14 days (the last begins on day 168, the next would on day 182), then of 30, half an hour each.
-- Was there one in each that ended in the period and is over, and was worked for four fifths?
, stage as (
    select w.agency_id, w.id as staff_id, w.employed_from, w.employed_to,
           (select c.stage from workforce.credential c
            join workforce.placement l on l.agency_id = c.agency_id and l.staff_id = c.staff_id
            join workforce.program_pack k on k.agency_id = l.agency_id and k.program_id = l.program_id
            where c.agency_id = w.agency_id and c.staff_id = w.id and k.pack_id = 'TX') as stage
    from workforce.staff w where 'peer' = any(w.roles)
)
select cast(md5(cast(i.staff_id as text) || cast(i.first as text)) as uuid) as unit, cast(null as uuid) as program_id,
       exists (
           select from workforce.supervision v
           join workforce.supervised_worker s on s.agency_id = v.agency_id and s.supervision_id = v.id
           where v.agency_id = i.agency_id and s.staff_id = i.staff_id and v.state = 'held' and v.minutes >= i.minutes
             and v.held_on between i.first and i.last
       ) as met
from (
    select w.agency_id, w.staff_id, w.employed_to, w.employed_from + 7 * n as first,
           w.employed_from + 7 * n + 6 as last, 7 as length, 1 as minutes
    from stage w, generate_series(0, 2000) n where w.stage = 'initial'
    union all
    -- everybody in the demo is employed from the first of a month
    select w.agency_id, w.staff_id, w.employed_to, cast(w.employed_from + n * interval '1 month' as date),
           cast(w.employed_from + (n + 1) * interval '1 month' as date) - 1,
           cast(w.employed_from + (n + 1) * interval '1 month' as date)
           - cast(w.employed_from + n * interval '1 month' as date), 1
    from stage w, generate_series(0, 200) n where w.stage = 'full'
    union all
    select w.agency_id, w.staff_id, w.employed_to,
           w.employed_from + case when n < 13 then 14 * n else 182 + 30 * (n - 13) end,
           w.employed_from + case when n < 13 then 14 * n + 13 else 182 + 30 * (n - 13) + 29 end,
           case when n < 13 then 14 else 30 end, 30
    from stage w, generate_series(0, 2000) n where w.stage is null
) i
join asked on asked.agency_id = i.agency_id
where i.last between first_day and last_day and i.last < cast(as_of at time zone zone as date)
  and 5 * (least(i.last, coalesce(i.employed_to, i.last)) - i.first + 1) >= 4 * i.length
