-- Without a pack: thirteen intervals of 14 days (the last begins on day 168, the next would on day 182), then of 30.
-- A supervision of half an hour at least in each that ended in the period and is over, and was worked for four fifths?
select cast(md5(cast(i.staff_id as text) || cast(i.first as text)) as uuid) as unit, cast(null as uuid) as program_id,
       exists (
           select from workforce.supervision v
           join workforce.supervised_worker s on s.agency_id = v.agency_id and s.supervision_id = v.id
           where v.agency_id = i.agency_id and s.staff_id = i.staff_id and v.state = 'held' and v.minutes >= 30
             and v.held_on >= i.first and v.held_on < i.first + i.length
       ) as met
from (
    select w.agency_id, w.id as staff_id, w.employed_to,
           w.employed_from + case when n < 13 then 14 * n else 182 + 30 * (n - 13) end as first,
           case when n < 13 then 14 else 30 end as length
    from workforce.staff w, generate_series(0, 2000) n
    where 'peer' = any(w.roles)
) i
join asked on asked.agency_id = i.agency_id
where i.first + i.length - 1 between first_day and last_day
  and i.first + i.length - 1 < cast(as_of at time zone zone as date)
  and 5 * (least(i.first + i.length - 1, coalesce(i.employed_to, i.first + i.length)) - i.first + 1) >= 4 * i.length
