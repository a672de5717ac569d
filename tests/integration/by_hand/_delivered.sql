-- Put before every other file here. `asked`: the agency's own day counting, and the period, both days included.
-- `person_id`: the record that goes on, of those that were merged.
-- `delivered`: every delivered session of the agency on any day; a draft counts, a voided one does not.
with asked as (
    select agency_id, zone, holidays, cast(:first as date) as first_day, cast(:last as date) as last_day,
           cast(:as_of as timestamptz) as as_of
    from workforce.agency
    where agency_id = cast(:agency as uuid)
),
delivered as (
    select s.*, cast(s.started_at at time zone s.zone as date) as day,
           coalesce(p.merged_into, p.id) as person_id
    from session_logging.peer_session s
    join asked on asked.agency_id = s.agency_id
    join intake.participant p on p.agency_id = s.agency_id and p.id = s.participant_id
    where s.outcome in ('completed', 'partial', 'crisis') and s.status <> 'voided'
),
in_period as (
    select delivered.* from delivered, asked where day between first_day and last_day
)
