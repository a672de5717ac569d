"""Measures about rights and planning: M11 to M14."""

from decimal import Decimal

from common.contracts.codes import Dimension, DisclosureBasis, Modality, Outcome, StatedBy
from common.packs import Authority
from compliance_reporting.guidelines import delivered
from compliance_reporting.guidelines.measure import Measure, Unit

VOLUNTARY = Measure(
    id="M11",
    name="Voluntary participation documented",
    unit=Unit.EPISODE,
    guideline_ids=("SAMHSA-CC-2015",),
    authority=Authority.FED_GUIDE,
    target=Decimal(100),
    target_authority=Authority.DEFAULT,
    citation="SAMHSA Core Competencies for Peer Workers (2015), principle 3: voluntary.",
    numerator="episodes with an acknowledgement of voluntary participation at or before the first non-crisis service",
    denominator="episodes opened in the period",
    exclusions="episodes of single-contact outreach",
    interpretation=(
        delivered.WORDS,
        "Compared are instants: the acknowledgement and the start of the episode's first delivered session, whenever "
        "it was, whose modality is not crisis support and whose outcome is not crisis.",
        "An episode without such a session is in the numerator as soon as the acknowledgement is recorded.",
        "The competencies give no number; 100 % is Handrail's default.",
    ),
    units=f"""
        select e.id as unit_id, e.program_id,
            e.voluntary_acknowledged_at is not null
            and e.voluntary_acknowledged_at <= coalesce(min(s.started_at), 'infinity') as in_numerator
        from fact_episode e
        left join fact_session s on s.agency_id = :agency and s.episode_id = e.id and {delivered.IS_DELIVERED}
            and s.modality <> '{Modality.CRISIS_SUPPORT}' and s.outcome <> '{Outcome.CRISIS}'
        where e.agency_id = :agency and e.opened_on between :start and :end and not e.single_contact_outreach
        group by e.id, e.program_id, e.voluntary_acknowledged_at
    """,
)

DISCLOSURE_BASIS = Measure(
    id="M12",
    name="Disclosure with a legal basis",
    unit=Unit.DISCLOSURE,
    guideline_ids=("42CFR2-2024",),
    authority=Authority.FED_REQ,
    target=Decimal(100),
    target_authority=Authority.FED_REQ,
    citation="42 CFR Part 2 as amended 2024 (compliance since 2026-02-16).",
    numerator="disclosures that rested on a valid, unexpired consent or on a recorded exception when they were made",
    denominator="all disclosures of identifiable records outside the program, made in the period",
    interpretation=(
        "Whether the basis held is intake's decision, recorded with the disclosure: a consent that was revoked or ran "
        "out later changes nothing. A disclosure on consent must also name the consent.",
        "The period is that of the instant it was made, in the agency's zone. A disclosure belongs to a person and not "
        "to a program, so there are no figures by program.",
    ),
    units=f"""
        select d.id as unit_id, cast(null as uuid) as program_id,
            d.basis_valid and (d.basis <> '{DisclosureBasis.CONSENT}' or d.consent_id is not null) as in_numerator
        from fact_disclosure d
        where d.agency_id = :agency
        and d.made_at >= cast(:start as timestamp) at time zone :zone
        and d.made_at < cast(:end + 1 as timestamp) at time zone :zone
    """,
)

PLAN_ON_TIME = Measure(
    id="M13",
    name="Recovery plan on time",
    unit=Unit.EPISODE,
    guideline_ids=("CMS-SMDL-07-011",),
    authority=Authority.DEFAULT,
    target=Decimal(90),
    target_authority=Authority.DEFAULT,
    citation=(
        "CMS State Medicaid Director Letter #07-011 asks states for care coordination; that this means a plan within "
        "30 days is Handrail's default. State packs may set one month."
    ),
    numerator="episodes with a participant-agreed plan by the deadline day, 30 days after the start unless set",
    denominator="episodes that reached the deadline day in the period and were open on it",
    exclusions="episodes closed before the deadline day",
    interpretation=(
        "The deadline is the program's own number of days, 30 by default. Day 30 is the day of opening plus 30; a "
        "plan agreed on it, in the agency's zone, is on time, and an episode closed on it was still open.",
        "Episodes of a program whose settings have not arrived are placed by 30 days and are not evaluable.",
    ),
    units="""
        select e.id as unit_id, e.program_id,
            case when p.id is not null then exists (
                select 1 from fact_plan r where r.agency_id = :agency and r.episode_id = e.id
                and (r.agreed_at at time zone :zone)::date <= e.opened_on + p.plan_deadline_days
            ) end as in_numerator
        from fact_episode e
        left join fact_program p on p.agency_id = :agency and p.id = e.program_id
        where e.agency_id = :agency and e.opened_on <= :end
        and e.opened_on + coalesce(p.plan_deadline_days, 30) between :start and :end
        and (e.closed_on is null or e.closed_on >= e.opened_on + coalesce(p.plan_deadline_days, 30))
    """,
)

_DIMENSIONS = ", ".join(f"('{dimension}')" for dimension in Dimension)

FOUR_DIMENSIONS = Measure(
    id="M14",
    name="Plan is person-centered and four-dimensional",
    unit=Unit.PLAN,
    guideline_ids=("SAMHSA-RECDEF-2012",),
    authority=Authority.FED_GUIDE,
    target=Decimal(90),
    target_authority=Authority.DEFAULT,
    citation="SAMHSA Working Definition of Recovery (2012): health, home, purpose, community.",
    numerator=(
        "plans in which each of health, home, purpose and community has a goal or was declined, and at least one goal "
        "was stated by the person"
    ),
    denominator="plans in force at the end of the period",
    exclusions="plans of episodes that closed before the last day of the period",
    interpretation=(
        "In force means agreed, in the agency's zone, on or before the last day and not ended before it. A plan ends "
        "with its episode at the latest.",
        "A goal counts once it has become active, also after it was reached: reaching a goal never makes a plan worse.",
        "Stated by the person means exactly that; a goal worded together or by staff does not count for the second "
        "condition. Declining a dimension is always a full answer.",
    ),
    units=f"""
        select r.id as unit_id, e.program_id,
            not exists (
                select 1 from (values {_DIMENSIONS}) d(dimension)
                where d.dimension <> all(r.declined_dimensions) and d.dimension not in (
                    select g.dimension from jsonb_to_recordset(r.goals) g(dimension text, active_from date)
                    where g.active_from <= :end)
            ) and exists (
                select 1 from jsonb_to_recordset(r.goals) g(stated_by text, active_from date)
                where g.active_from <= :end and g.stated_by = '{StatedBy.PARTICIPANT}'
            ) as in_numerator
        from fact_plan r
        left join fact_episode e on e.agency_id = :agency and e.id = r.episode_id
        where r.agency_id = :agency
        and (r.agreed_at at time zone :zone)::date <= :end
        and (r.in_force_to is null or r.in_force_to >= :end)
        and (e.closed_on is null or e.closed_on >= :end)
    """,
)

MEASURES = (VOLUNTARY, DISCLOSURE_BASIS, PLAN_ON_TIME, FOUR_DIMENSIONS)
