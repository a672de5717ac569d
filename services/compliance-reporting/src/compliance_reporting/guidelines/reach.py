"""Measures about whom the program reaches: M30."""

from collections.abc import Mapping

from common.contracts.codes import Activity, AgeBand, Sex
from common.packs import Authority
from compliance_reporting.guidelines import delivered, people
from compliance_reporting.guidelines.measure import Measure, Unit
from compliance_reporting.rules import Goal

SUPPORTS: Mapping[str, tuple[Activity, ...]] = {
    "recovery_planning": (Activity.RECOVERY_PLANNING,),
    "coaching_and_mentoring": (
        Activity.COACHING_MENTORING,
        Activity.SHARING_LIVED_EXPERIENCE,
        Activity.WELLNESS_CHECKIN,
    ),
    "skills_and_health_education": (
        Activity.SKILL_BUILDING,
        Activity.HEALTH_EDUCATION,
        Activity.NALOXONE_EDUCATION,
    ),
    "groups_and_mutual_aid": (Activity.GROUP_FACILITATION, Activity.MUTUAL_AID_LINKAGE),
    "information_and_linkage": (
        Activity.RESOURCE_NAVIGATION,
        Activity.WARM_HANDOFF,
        Activity.BENEFITS_ID_HELP,
        Activity.LEGAL_COURT_SUPPORT,
        Activity.ADVOCACY,
    ),
    "housing_support": (Activity.HOUSING_SUPPORT,),
    "employment_and_education": (Activity.EMPLOYMENT_EDUCATION_SUPPORT,),
    "transport_and_accompaniment": (Activity.TRANSPORT, Activity.ACCOMPANIMENT),
    "family_support": (Activity.FAMILY_SUPPORT,),
    "social_and_recreational": (Activity.SOCIAL_RECREATIONAL,),
    "crisis_support": (Activity.CRISIS_SUPPORT,),
    "outreach": (Activity.OUTREACH,),
}
_FAMILIES = ", ".join(
    f"('{activity}', '{family}')" for family, activities in SUPPORTS.items() for activity in activities
)

PERSONS_SERVED = Measure(
    id="M30",
    rule_version="2",
    name="Persons served with recovery supports",
    unit=Unit.PERSON,
    guideline_ids=("SUPTRS-BG-2026-27",),
    authority=Authority.DEFAULT,
    content_authority=Authority.FED_REQ,
    goal=Goal.REPORT,
    citation=(
        "SUPTRS block grant report, persons served with recovery supports: a duty of states, who may ask agencies for "
        "it. Table numbers and columns of 2026–27 are not confirmed; the support types are Handrail's."
    ),
    numerator="persons with at least one delivered service that names a recovery support",
    denominator="all persons with at least one delivered service in the period",
    interpretation=(
        delivered.WORDS,
        people.WORDS,
        "A count, without pass or fail. Each person counts once, and once per support type; by program, once in each "
        "program.",
        "A support type is a family of activities: "
        + "; ".join(f"{family} ({', '.join(activities)})" for family, activities in SUPPORTS.items())
        + ".",
        "Age is the band at enrolment; age and sex are unknown where enrolment has not arrived. Percentages are of "
        "all persons served.",
    ),
    units=f"""
        select coalesce(k.survivor_id, s.participant_id) as unit_id, s.program_id,
            bool_or(cardinality(s.activities) > 0) as in_numerator
        from ({delivered.SESSIONS}) s left join ({people.SURVIVORS}) k on k.id = s.participant_id
        group by 1, 2
    """,
    extras=f"""
        with served as materialized (
            select distinct coalesce(k.survivor_id, s.participant_id) as participant_id, f.support
            from ({delivered.SESSIONS}) s
            left join ({people.SURVIVORS}) k on k.id = s.participant_id
            cross join lateral unnest(s.activities) a(activity)
            join (values {_FAMILIES}) f(activity, support) on f.activity = a.activity
        ), cell as (
            select c.support, coalesce(p.age_band, '{AgeBand.UNKNOWN}') as age_band,
                coalesce(p.sex, '{Sex.UNKNOWN}') as sex, count(*) as persons
            from served c left join fact_participant p on p.agency_id = :agency and p.id = c.participant_id
            group by 1, 2, 3
        )
        select 'persons' as name, jsonb_build_object('support', support) as grouping, sum(persons) as value
        from cell group by support
        union all
        select 'percent_of_persons_served', jsonb_build_object('support', support),
            round(100 * sum(persons) / (select count(distinct unit_id) from unit), 1)
        from cell group by support
        union all
        select 'persons', jsonb_build_object('support', support, 'age_band', age_band, 'sex', sex), persons from cell
    """,
)

MEASURES = (PERSONS_SERVED,)
