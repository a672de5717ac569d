"""Measures about notes: M16 to M18."""

from decimal import Decimal

from common.contracts.codes import Modality, Outcome
from common.packs import Authority
from compliance_reporting.guidelines import calendar, delivered
from compliance_reporting.guidelines.measure import Measure, Unit

COMPLETE_NOTE = Measure(
    id="M16",
    name="Note completeness",
    unit=Unit.SESSION,
    guideline_ids=("TX-26TAC-301.361",),
    authority=Authority.DEFAULT,
    target=Decimal(95),
    target_authority=Authority.DEFAULT,
    citation=(
        "The elements are those of 26 TAC §301.361, which binds in Texas. Elsewhere, with no state pack loaded, they "
        "are Handrail's default."
    ),
    numerator="sessions whose note has every required element",
    denominator="delivered sessions",
    interpretation=(
        delivered.WORDS,
        "Which elements are missing is session-logging's statement about the record; training methods and curriculum "
        "are elements only where they were used. A note without a signature is never complete.",
    ),
    units=f"""
        select s.id as unit_id, s.program_id,
            cardinality(s.missing_elements) = 0 and s.signed_at is not null as in_numerator
        from ({delivered.SESSIONS}) s
    """,
)

NOTE_ON_TIME = Measure(
    id="M17",
    name="Note on time",
    unit=Unit.SESSION,
    guideline_ids=("TX-26TAC-301.361",),
    authority=Authority.DEFAULT,
    target=Decimal(95),
    target_authority=Authority.DEFAULT,
    citation=(
        "Two business days are the rule of 26 TAC §301.361 in Texas. Elsewhere, with no state pack loaded, the "
        "deadline is the program's own setting and the target Handrail's default."
    ),
    numerator="sessions signed by the program's deadline, 2 business days after the session's end unless set",
    denominator="delivered sessions",
    exclusions="unsigned notes that were not yet due when the report was made (they are shown as not evaluable)",
    interpretation=(
        delivered.WORDS,
        calendar.WORDS,
        "The signature is the worker's. Co-signatures are not recorded yet and so are not asked for.",
        "Sessions of a program whose settings have not arrived are not evaluable.",
    ),
    units=f"""
        with {calendar.business_days(":start", ":end")}
        select s.id as unit_id, s.program_id,
            case when b.day is null then null
                 when s.signed_at is not null then s.signed_at < {calendar.DUE_AT}
                 when :as_of >= {calendar.DUE_AT} then false end as in_numerator
        from ({delivered.SESSIONS}) s
        left join fact_program p on p.agency_id = :agency and p.id = s.program_id
        {calendar.DUE_DAYS}
    """,
)

GOAL_LINKED = Measure(
    id="M18",
    name="Goal linkage",
    unit=Unit.SESSION,
    guideline_ids=("CMS-SMDL-07-011",),
    authority=Authority.DEFAULT,
    target=Decimal(90),
    target_authority=Authority.DEFAULT,
    citation=(
        "CMS State Medicaid Director Letter #07-011 asks states for care coordination; that each session serves a "
        "goal is a rule of some states, and Handrail's default while no state pack is loaded."
    ),
    numerator="sessions linked to at least one goal that was active on the service date",
    denominator="delivered individual and group sessions on or after the day the episode's first plan was agreed",
    exclusions="crisis sessions, outreach, and sessions before the plan",
    interpretation=(
        delivered.WORDS,
        "Crisis means the outcome crisis or the modality crisis support; outreach means the modality. The plan's day "
        "is that of the episode's earliest plan, in the agency's zone; a session on that day counts. Without a plan "
        "in the episode every session is before it.",
        "The goal must belong to a plan of the same person; both ends of its active days count.",
    ),
    units=f"""
        with planned as (
            select r.episode_id, min((r.agreed_at at time zone :zone)::date) as planned_on
            from fact_plan r where r.agency_id = :agency group by r.episode_id
        ), goal as (
            select r.participant_id, g.goal_id, g.active_from, coalesce(g.active_to, 'infinity') as active_to
            from fact_plan r
            cross join lateral jsonb_to_recordset(r.goals) g(goal_id uuid, active_from date, active_to date)
            where r.agency_id = :agency
        ), linked as (
            select distinct s.id from ({delivered.SESSIONS}) s
            cross join lateral unnest(s.goal_ids) l(goal_id)
            join goal g on g.goal_id = l.goal_id and g.participant_id = s.participant_id
            where s.service_date between g.active_from and g.active_to
        )
        select s.id as unit_id, s.program_id, l.id is not null as in_numerator
        from ({delivered.SESSIONS}) s
        join planned r on r.episode_id = s.episode_id and r.planned_on <= s.service_date
        left join linked l on l.id = s.id
        where s.outcome <> '{Outcome.CRISIS}'
        and s.modality not in ('{Modality.CRISIS_SUPPORT}', '{Modality.OUTREACH}')
    """,
)

MEASURES = (COMPLETE_NOTE, NOTE_ON_TIME, GOAL_LINKED)
