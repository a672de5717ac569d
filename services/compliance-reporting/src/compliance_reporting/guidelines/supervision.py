"""Measures about supervision and load: M07 to M10."""

from decimal import Decimal

from common.contracts.codes import CredentialStatus
from common.packs import Authority, Parameter
from compliance_reporting.guidelines import delivered, people
from compliance_reporting.guidelines.measure import Measure, Unit
from compliance_reporting.guidelines.regimes import NO_PACK, TABLES, rule_of
from compliance_reporting.guidelines.workforce import HELD, IS_PEER, PACKS_JUDGE

DAY_WORDS = "One person's day is one unit; its id is made from both and is the same in every report."
TODAY = "(cast(:as_of as timestamptz) at time zone :zone)::date"


def unit_of(one: str, other: str) -> str:
    """Return the id of a unit that is two things together."""
    return f"md5({one}::text || {other}::text)::uuid"


def interval_from(day: str) -> str:
    """Return a SELECT of the interval that a worker `w` begins on a day: its last day, and how long it is as a whole.

    The first line that fits counts; where the own packs' lines fit nobody like this worker, the default's do.
    """
    return f"""
        select case line.every when 'days' then {day} + line.days - 1
                else (date_trunc('month', {day}::timestamp) + interval '1 month')::date - 1 end as last_day,
            case line.every when 'days' then line.days
                else extract(day from date_trunc('month', {day}::timestamp) + interval '1 month' - interval '1 day')
                end as whole, line.binds
        from (
            select l.every, l.days, x.binds
            from rule x cross join lateral rows from (
                jsonb_to_recordset(x.detail) as (stage text, employed_under_days int, every text, days int)
            ) with ordinality l(stage, employed_under_days, every, days, place)
            where x.parameter = '{Parameter.SUPERVISION_INTERVAL}' and {day} between x.since and x.until
            and x.regime in ({NO_PACK}, (
                select g.regime from staff_regime g where g.of = w.id and {day} between g.since and g.until))
            and (l.employed_under_days is null or {day} - w.employed_from < l.employed_under_days)
            and (l.stage is null or l.stage in (
                select h.stage from held h where h.staff_id = w.id and h.status = '{CredentialStatus.ACTIVE}'
                and {day} between h.since and h.until))
            order by x.regime = {NO_PACK}, l.place limit 1
        ) line"""


SUPERVISION_ON_TIME = Measure(
    id="M07",
    name="Supervision on time",
    unit=Unit.INTERVAL,
    guideline_ids=(),
    authority=Authority.DEFAULT,
    target=Decimal(95),
    target_authority=Authority.DEFAULT,
    parameters=(Parameter.SUPERVISION_INTERVAL, Parameter.SUPERVISION_MINUTES, Parameter.SUPERVISION_MODES),
    citation="States say how often peers are supervised; SAMHSA's Model Standards name no interval.",
    numerator="intervals in which the worker had a supervision of at least the minutes, and of the kind, asked for",
    denominator="intervals that ended in the period, of peers who were employed on at least 80 % of their days",
    exclusions="intervals that were not over when the report was made",
    interpretation=(
        PACKS_JUDGE,
        "Intervals follow each other from the first day of employment; each is as long as the rule in force on its "
        "first day asks for. A calendar month ends with its last day, and a first month begun late counts as a whole "
        "month for the 80 %. Where a rule speaks of other workers only (Texas of the certified), the default counts.",
        "One supervision has to be long enough by itself; where a binding interval comes without minutes (Texas), any "
        "length will do. Where a pack says how it is held (District of Columbia: face to face), only such ones count. "
        "One of several workers counts for each of them.",
    ),
    units=f"""
        with recursive {TABLES}, {HELD}, stretch as (
            select w.id, w.employed_from, coalesce(w.employed_to, 'infinity') as employed_to,
                w.employed_from as first_day, e.last_day, e.whole, e.binds
            from fact_staff w cross join lateral ({interval_from("w.employed_from")}) e
            where {IS_PEER} and w.employed_from <= :end
            union all
            select w.id, w.employed_from, w.employed_to, w.last_day + 1, e.last_day, e.whole, e.binds
            from stretch w cross join lateral ({interval_from("(w.last_day + 1)")}) e
            where w.last_day < least(cast(:end as date), w.employed_to)
        )
        select {unit_of("s.id", "s.first_day")} as unit_id, null::uuid as program_id, exists (
            select 1 from fact_supervision v
            where v.agency_id = :agency and not v.voided and s.id = any(v.staff_ids)
            and v.held_on between s.first_day and s.last_day
            and (v.minutes >= r.number or r.number is null or (s.binds and not r.binds))
            and (m.detail ? v.mode or m.detail is null or (s.binds and not m.binds))
        ) as in_numerator
        from stretch s
        {rule_of("s.id", Parameter.SUPERVISION_MINUTES, "s.first_day")}
        {rule_of("s.id", Parameter.SUPERVISION_MODES, "s.first_day", name="m")}
        where s.last_day between :start and :end and s.last_day < {TODAY}
        and least(s.last_day, s.employed_to) - s.first_day + 1 >= 0.8 * s.whole
    """,
)

QUALIFIED_SUPERVISOR = Measure(
    id="M08",
    name="Qualified supervisor",
    unit=Unit.CONTACT,
    guideline_ids=("SAMHSA-NMS-2023", "CMS-SMDL-07-011"),
    authority=Authority.FED_GUIDE,
    target=Decimal(100),
    target_authority=Authority.FED_GUIDE,
    parameters=(Parameter.SUPERVISOR_ROUTES,),
    citation=(
        "National Model Standards (2023), standard 11: certified peer supervisors with experience as peer workers. CMS "
        "leaves the supervisor's profession to the state, and encourages supervision by more experienced peers."
    ),
    numerator="supervisions whose supervisor met, on that day, one of the routes that the worker's packs name",
    denominator="supervisions held in the period, each worker's as one",
    exclusions="supervisions of workers of whose programs no pack names a route",
    interpretation=(
        PACKS_JUDGE,
        "A route is met as a whole: one of its credentials, active on the day; its years since the supervisor began to "
        "work as a peer; its trainings, completed by the day.",
        "Who supervised is whoever the record names, whether assigned or standing in.",
    ),
    units=f"""
        with {TABLES}, {HELD}
        select {unit_of("v.id", "worker")} as unit_id, null::uuid as program_id, exists (
            select 1 from jsonb_array_elements(r.detail) route
            where (jsonb_array_length(route -> 'credential_types') = 0 or exists (
                select 1 from held h where h.staff_id = v.supervisor_id and h.status = '{CredentialStatus.ACTIVE}'
                and v.held_on between h.since and h.until and route -> 'credential_types' ? h.credential_type))
            and (route ->> 'peer_years' is null or (
                s.peer_worker_since + make_interval(years => (route ->> 'peer_years')::int))::date <= v.held_on)
            and not exists (
                select 1 from jsonb_each_text(route -> 'training') asked(kind, hours)
                where asked.hours::numeric > coalesce((
                    select sum(t.hours) from fact_training t
                    where t.agency_id = :agency and t.staff_id = v.supervisor_id and not t.voided
                    and t.kind = asked.kind and t.completed_on <= v.held_on), -1))
        ) as in_numerator
        from fact_supervision v
        cross join unnest(v.staff_ids) worker
        left join fact_staff s on s.agency_id = :agency and s.id = v.supervisor_id
        {rule_of("worker", Parameter.SUPERVISOR_ROUTES, "v.held_on")}
        where v.agency_id = :agency and not v.voided and v.held_on between :start and :end and r.detail is not null
    """,
)

SUPERVISOR_SPAN = Measure(
    id="M09",
    name="Supervisor span",
    unit=Unit.DAY,
    guideline_ids=(),
    authority=Authority.DEFAULT,
    target=Decimal(100),
    target_authority=Authority.DEFAULT,
    parameters=(Parameter.SUPERVISOR_SPAN_FTE,),
    citation="States limit how many peers one person supervises; SAMHSA's Model Standards name no ratio.",
    numerator="days on which the full-time equivalents supervised were within the limit",
    denominator="days of the period on which a supervisor had somebody to supervise under a pack that sets a limit",
    exclusions="days that were not over when the report was made",
    interpretation=(
        PACKS_JUDGE,
        "Counted is each worker's share of full time, times the share that this supervisor supervises, on the days of "
        "the worker's employment. Of several packs' limits the smallest counts for the supervisor.",
        DAY_WORDS,
    ),
    units=f"""
        with {TABLES}, span as (
            select a.supervisor_id, d.on_day, sum(a.fte * w.fte) as fte, min(r.number) as most
            from fact_supervisor a
            join fact_staff w on w.agency_id = :agency and w.id = a.staff_id
            cross join lateral generate_series(
                greatest(cast(:start as date), a.valid_from, w.employed_from),
                least(cast(:end as date), a.valid_to, w.employed_to, {TODAY} - 1), interval '1 day') g(moment)
            cross join lateral (select g.moment::date as on_day) d
            {rule_of("w.id", Parameter.SUPERVISOR_SPAN_FTE, "d.on_day")}
            where a.agency_id = :agency
            group by a.supervisor_id, d.on_day
        )
        select {unit_of("supervisor_id", "on_day")} as unit_id, null::uuid as program_id, fte <= most as in_numerator
        from span where most is not null
    """,
)

CASELOAD = Measure(
    id="M10",
    name="Caseload",
    unit=Unit.DAY,
    guideline_ids=("NC-CCP-8G",),
    authority=Authority.DEFAULT,
    target=Decimal(95),
    target_authority=Authority.DEFAULT,
    parameters=(Parameter.CASELOAD_MAX,),
    citation="North Carolina limits a caseload to 15; elsewhere 25 is our default, which nobody requires.",
    numerator="days on which no more people were assigned to the worker than the limit",
    denominator="days of the period on which the worker delivered a session",
    interpretation=(
        PACKS_JUDGE,
        people.WORDS,
        "Both ends of an assignment count. A worker without anybody assigned is within every limit.",
        DAY_WORDS,
    ),
    units=f"""
        with {TABLES}, worked as (
            select distinct s.staff_id, s.service_date as on_day from ({delivered.SESSIONS}) s
        ), load as (
            select k.staff_id, k.on_day, count(distinct coalesce(m.survivor_id, a.participant_id)) as people
            from worked k
            left join fact_assignment a on a.agency_id = :agency and a.staff_id = k.staff_id
                and k.on_day between a.valid_from and coalesce(a.valid_to, 'infinity')
            left join ({people.SURVIVORS}) m on m.id = a.participant_id
            group by k.staff_id, k.on_day
        )
        select {unit_of("l.staff_id", "l.on_day")} as unit_id, null::uuid as program_id,
            l.people <= r.number as in_numerator
        from load l
        {rule_of("l.staff_id", Parameter.CASELOAD_MAX, "l.on_day")}
        where r.number is not null
    """,
)

MEASURES = (SUPERVISION_ON_TIME, QUALIFIED_SUPERVISOR, SUPERVISOR_SPAN, CASELOAD)
