"""Measures about what the people who work are credentialed and prepared for: M01 to M06."""

from decimal import Decimal

from common.contracts.codes import CredentialStatus, CredentialType, Role
from common.contracts.workforce_codes import AttestationKind, TrainingKind, WorkHoursKind
from common.packs import Authority, Parameter
from compliance_reporting.guidelines import delivered
from compliance_reporting.guidelines.measure import Measure, Unit
from compliance_reporting.guidelines.regimes import TABLES, rule_of

PACKS_JUDGE = (
    "What is asked for is what the packs of the worker's programs ask for on that day (docs/packs.md); without a pack "
    "that says anything, the default, which nobody requires. The measure binds only where a binding rule that we "
    "could confirm counts for every program and every peer; otherwise all are shown under the default's authority."
)
PEER_CREDENTIALS = ", ".join(f"'{one}'" for one in CredentialType if one is not CredentialType.LICENSED_CLINICIAN)
# Each credential's statuses as stretches of days; of several statuses of one day the last told counts. Facts of early
# releases carry no history: their one status stands for the whole validity.
HELD = """
    held as materialized (
        select c.staff_id, c.credential_type, c.specialty, c.stage, e.status,
            greatest(c.valid_from, e.since) as since, least(c.valid_to, coalesce(e.following - 1, c.valid_to)) as until
        from fact_credential c cross join lateral (
            select x.one ->> 'status' as status, (x.one ->> 'since')::date as since,
                lead((x.one ->> 'since')::date) over (order by (x.one ->> 'since')::date, x.place) as following
            from jsonb_array_elements(c.statuses) with ordinality x(one, place)
            union all
            select c.status, c.valid_from, null where c.statuses = '[]'
        ) e
        where c.agency_id = :agency
        and greatest(c.valid_from, e.since) <= least(c.valid_to, coalesce(e.following - 1, c.valid_to))
    )"""


def employed(day: str) -> str:
    return f"w.employed_from <= {day} and (w.employed_to is null or w.employed_to >= {day})"


IS_PEER = f"w.agency_id = :agency and '{Role.PEER}' = any(w.roles)"
IS_CERTIFIED = f"""exists (
    select 1 from held h where h.staff_id = w.id and h.status = '{CredentialStatus.ACTIVE}'
    and :end between h.since and h.until and h.credential_type in ({PEER_CREDENTIALS}))"""

VALID_CREDENTIAL = Measure(
    id="M01",
    rule_version="2",
    name="Valid credential at service",
    unit=Unit.SESSION,
    guideline_ids=("CMS-SMDL-07-011",),
    authority=Authority.FED_REQ,
    target=Decimal(100),
    target_authority=Authority.FED_REQ,
    citation=(
        "CMS State Medicaid Director Letter #07-011 (2007-08-15): training and credentialing as defined by the state. "
        "It binds states, and an agency through its state's plan."
    ),
    numerator=(
        "sessions whose worker held, on the service date, an active, unexpired credential of the specialty that the "
        "program needs and of a type that it and its packs accept"
    ),
    denominator="delivered sessions in programs that require a credential",
    exclusions=(
        "sessions of programs that require none; sessions of workers whose only credential was provisional where a "
        "pack of the program allows that"
    ),
    interpretation=(
        delivered.WORDS,
        "Which programs require a credential, the specialty needed and the types accepted are the program's own "
        "settings; no specialty named means any, no types listed means every type. A co-occurring credential counts "
        "only where the program names that specialty or none.",
        "Where a pack of the program lists the credentials that count on the service date, only those count: "
        "Washington's peer counselors to 2026-12-31.",
        "A provisional credential is not accepted; only a pack that allows it takes the session out.",
        "Both ends of a validity count. The status is the one on the service date: a suspension counts from its first "
        "day, and the days before it keep theirs. Of facts without a history the newest status stands for every day.",
        "Each rule that asks for certified workers asks it of every session, hence 100 %.",
        "Sessions of a program whose settings have not arrived are not evaluable.",
    ),
    units=f"""
        with {TABLES}, {HELD}, delivered as materialized ({delivered.SESSIONS}), worked as materialized (
            select distinct s.program_id, s.staff_id, s.service_date as on_day
            from delivered s join fact_program p on p.agency_id = :agency and p.id = s.program_id
            where p.credential_required
        ), asked as materialized (
            select k.program_id, k.on_day, accepted.detail as accepted, (lenient.detail)::boolean as lenient
            from (select distinct program_id, on_day from worked) k
            {rule_of("k.program_id", Parameter.ACCEPTED_CREDENTIALS, "k.on_day", of="program", name="accepted")}
            {rule_of("k.program_id", Parameter.PROVISIONAL_ALLOWED, "k.on_day", of="program", name="lenient")}
        ), judged as materialized (
            select k.program_id, k.staff_id, k.on_day,
                coalesce(bool_or(h.status = '{CredentialStatus.ACTIVE}'), false) as valid,
                coalesce(bool_or(h.status = '{CredentialStatus.PROVISIONAL}' and a.lenient), false) as excused
            from worked k
            join asked a on a.program_id = k.program_id and a.on_day = k.on_day
            join fact_program p on p.agency_id = :agency and p.id = k.program_id
            left join held h on h.staff_id = k.staff_id and k.on_day between h.since and h.until
                and (p.required_specialty is null or h.specialty = p.required_specialty)
                and (cardinality(p.accepted_credentials) = 0 or h.credential_type = any(p.accepted_credentials))
                and (a.accepted is null or exists (
                    select 1 from jsonb_to_recordset(a.accepted) x(credential_type text, "to" date)
                    where x.credential_type = h.credential_type and (x.to is null or k.on_day <= x.to)))
            group by k.program_id, k.staff_id, k.on_day
        )
        select s.id as unit_id, s.program_id, case when p.id is not null then j.valid end as in_numerator
        from delivered s
        left join fact_program p on p.agency_id = :agency and p.id = s.program_id
        left join judged j on j.program_id = s.program_id and j.staff_id = s.staff_id and j.on_day = s.service_date
        where p.id is null or j.valid or not j.excused
    """,
)


# Hours by topic that a rule's detail asks for, against what a worker has: true where no topic is short.
def topics_met(detail: str, trainings: str) -> str:
    return f"""not exists (
        select 1 from jsonb_each_text({detail}) asked(topic, hours)
        where asked.hours::numeric > coalesce((
            select sum(t.hours) from fact_training t where {trainings} and t.topic = asked.topic), 0))"""


CORE = f"""t.agency_id = :agency and t.staff_id = w.id and not t.voided and t.kind = '{TrainingKind.CORE}'
    and t.completed_on <= :end"""
INITIAL_TRAINING = Measure(
    id="M02",
    name="Initial training hours met",
    unit=Unit.WORKER,
    guideline_ids=("SAMHSA-NMS-2023",),
    authority=Authority.FED_GUIDE,
    target=Decimal(100),
    target_authority=Authority.FED_GUIDE,
    parameters=(Parameter.CORE_TRAINING_HOURS, Parameter.CORE_TRAINING_TOPICS),
    citation="National Model Standards for Peer Support Certification (2023), standard 2: 40 to 60 hours.",
    numerator="workers with at least as many hours of core training, and of each topic, as their packs ask for",
    denominator="peers employed on the last day of the period who then hold an active peer credential",
    exclusions="workers of whose programs no pack asks for hours",
    interpretation=(
        PACKS_JUDGE,
        "Hours count up to the last day of the period, whenever they were completed, and under the topic they were "
        "recorded for.",
    ),
    units=f"""
        with {TABLES}, {HELD}
        select w.id as unit_id, null::uuid as program_id,
            coalesce((select sum(t.hours) from fact_training t where {CORE}), 0) >= coalesce(r.number, 0)
            and {topics_met("coalesce(topics.detail, '{}')", CORE)} as in_numerator
        from fact_staff w
        {rule_of("w.id", Parameter.CORE_TRAINING_HOURS, ":end")}
        {rule_of("w.id", Parameter.CORE_TRAINING_TOPICS, ":end", name="topics")}
        where {IS_PEER} and {employed(":end")} and {IS_CERTIFIED}
        and (r.number is not null or topics.detail is not null)
    """,
)

WORK_EXPERIENCE = Measure(
    id="M03",
    name="Supervised work experience met",
    unit=Unit.WORKER,
    guideline_ids=(),
    authority=Authority.DEFAULT,
    target=Decimal(100),
    target_authority=Authority.DEFAULT,
    parameters=(Parameter.WORK_HOURS, Parameter.SUPERVISION_HOURS),
    citation=(
        "Hours of supervised work are asked for by certifying bodies. SAMHSA's 120 hours read as a ceiling on what "
        "they should ask (National Model Standards, standard 5) and are judged nowhere."
    ),
    numerator="workers with at least the hours of supervised work, and of supervision, that their packs ask for",
    denominator="peers employed on the last day of the period who then hold an active peer credential",
    exclusions="workers with a provisional credential only; workers of whose programs no pack asks for hours",
    interpretation=(
        PACKS_JUDGE,
        "Supervision counts as it was held here, and as hours recorded from elsewhere; both up to the last day.",
    ),
    units=f"""
        with {TABLES}, {HELD}, hours as (
            select staff_id, sum(hours) filter (where kind = '{WorkHoursKind.SUPERVISED_WORK}') as worked,
                sum(hours) filter (where kind = '{WorkHoursKind.SUPERVISION_RECEIVED}') as supervised
            from fact_work_hours where agency_id = :agency and not voided and to_on <= :end group by staff_id
        ), here as (
            select worker as staff_id, sum(minutes) / 60.0 as supervised
            from fact_supervision v cross join unnest(v.staff_ids) worker
            where v.agency_id = :agency and not v.voided and v.held_on <= :end group by worker
        )
        select w.id as unit_id, null::uuid as program_id,
            coalesce(hours.worked, 0) >= coalesce(r.number, 0)
            and coalesce(hours.supervised, 0) + coalesce(here.supervised, 0) >= coalesce(s.number, 0) as in_numerator
        from fact_staff w
        left join hours on hours.staff_id = w.id
        left join here on here.staff_id = w.id
        {rule_of("w.id", Parameter.WORK_HOURS, ":end")}
        {rule_of("w.id", Parameter.SUPERVISION_HOURS, ":end", name="s")}
        where {IS_PEER} and {employed(":end")} and {IS_CERTIFIED} and (r.number is not null or s.number is not null)
    """,
)

CONTINUING = f"""t.agency_id = :agency and t.staff_id = c.staff_id and not t.voided
    and t.kind = '{TrainingKind.CONTINUING}' and t.completed_on between c.cycle and c.renewal_on"""
CONTINUING_EDUCATION = Measure(
    id="M04",
    name="Continuing education at renewal",
    unit=Unit.WORKER,
    guideline_ids=(),
    authority=Authority.DEFAULT,
    target=Decimal(100),
    target_authority=Authority.DEFAULT,
    parameters=(Parameter.CE_HOURS, Parameter.CE_TOPICS, Parameter.CE_CYCLE_YEARS),
    citation="Certifying bodies and states set the hours; SAMHSA's Model Standards name none that we could confirm.",
    numerator="workers with the hours of continuing education, and of each topic, that their packs ask for in a cycle",
    denominator="workers one of whose credentials is to be renewed in the period",
    exclusions="revoked credentials; workers of whose programs no pack asks for hours on the renewal's day",
    interpretation=(
        PACKS_JUDGE,
        "A cycle runs from its recorded first day up to the renewal, both included; where no first day is recorded, "
        "for as many years as the pack names. Who renews two credentials has to meet both.",
    ),
    units=f"""
        with {TABLES}, due as (
            select f.staff_id, f.renewal_on, coalesce(f.cycle_from,
                (f.renewal_on - make_interval(years => coalesce(years.number, 0)::int))::date + 1) as cycle,
                r.number, topics.detail
            from fact_credential f
            {rule_of("f.staff_id", Parameter.CE_HOURS, "f.renewal_on")}
            {rule_of("f.staff_id", Parameter.CE_TOPICS, "f.renewal_on", name="topics")}
            {rule_of("f.staff_id", Parameter.CE_CYCLE_YEARS, "f.renewal_on", name="years")}
            where f.agency_id = :agency and f.renewal_on between :start and :end
            and f.status <> '{CredentialStatus.REVOKED}' and (r.number is not null or topics.detail is not null)
        )
        select c.staff_id as unit_id, null::uuid as program_id, bool_and(
            coalesce((select sum(t.hours) from fact_training t where {CONTINUING}), 0) >= coalesce(c.number, 0)
            and {topics_met("coalesce(c.detail, '{}')", CONTINUING)}) as in_numerator
        from due c group by c.staff_id
    """,
)

ATTESTATIONS = Measure(
    id="M05",
    name="Ethics and lived-experience attestations",
    unit=Unit.WORKER,
    guideline_ids=("SAMHSA-NMS-2023", "ICRC-PR"),
    authority=Authority.FED_GUIDE,
    target=Decimal(100),
    target_authority=Authority.FED_GUIDE,
    citation="National Model Standards (2023), standards 1 and 9. That ethics are signed each year is our default.",
    numerator=(
        "workers who signed the code of ethics within the months asked for before the last day, and whose attestation "
        "of lived experience is on file"
    ),
    denominator="peers employed on the last day of the period",
    interpretation=(
        "What somebody withdrew on or before the last day is not on file. Nothing about anybody's health is asked.",
        "Months are counted back from the last day: twelve before 2026-03-31 is 2025-03-31, which still counts.",
    ),
    units=f"""
        with {TABLES}, signed as (
            select a.staff_id, a.kind, max(a.signed_on) as signed_on from fact_attestation a
            where a.agency_id = :agency and a.signed_on <= :end and (a.withdrawn_on is null or a.withdrawn_on > :end)
            group by a.staff_id, a.kind
        )
        select w.id as unit_id, null::uuid as program_id, coalesce(
            ethics.signed_on >= (cast(:end as date) - make_interval(months => coalesce(r.number, 12)::int))::date
            and lived.signed_on is not null, false) as in_numerator
        from fact_staff w
        left join signed ethics on ethics.staff_id = w.id and ethics.kind = '{AttestationKind.CODE_OF_ETHICS}'
        left join signed lived on lived.staff_id = w.id and lived.kind = '{AttestationKind.LIVED_EXPERIENCE}'
        {rule_of("w.id", Parameter.ETHICS_ATTESTATION_MONTHS, ":end")}
        where {IS_PEER} and {employed(":end")}
    """,
)

COMPETENCIES = Measure(
    id="M06",
    name="Core-competency coverage",
    unit=Unit.WORKER,
    guideline_ids=("SAMHSA-CC-2015",),
    authority=Authority.FED_GUIDE,
    target=Decimal(90),
    target_authority=Authority.DEFAULT,
    citation="Core Competencies for Peer Workers (2015), twelve categories. Interval and share are our defaults.",
    numerator="workers with something assessed or trained in each of the twelve categories in the months asked for",
    denominator="peers employed on the last day of the period, and for twelve months at least",
    interpretation=(
        "Assessments and trainings count by their day, up to the last day of the period; how well somebody did counts "
        "nowhere, and no worker is compared with another.",
    ),
    units=f"""
        with {TABLES}, seen as (
            select staff_id, assessed_on as on_day, unnest(categories) as category from fact_competency
            where agency_id = :agency and not voided
            union all
            select staff_id, completed_on, unnest(categories) from fact_training
            where agency_id = :agency and not voided
        )
        select w.id as unit_id, null::uuid as program_id, (
            select count(distinct s.category) from seen s where s.staff_id = w.id and s.on_day <= :end
            and s.on_day >= (cast(:end as date) - make_interval(months => coalesce(r.number, 24)::int))::date
        ) = 12 as in_numerator
        from fact_staff w
        {rule_of("w.id", Parameter.COMPETENCY_MONTHS, ":end")}
        where {IS_PEER} and {employed(":end")}
        and w.employed_from <= (cast(:end as date) - interval '12 months')::date
    """,
)

MEASURES = (VALID_CREDENTIAL, INITIAL_TRAINING, WORK_EXPERIENCE, CONTINUING_EDUCATION, ATTESTATIONS, COMPETENCIES)
