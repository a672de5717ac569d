"""Measures about what changed: M31, M32 and M38."""

from decimal import Decimal

from common.contracts.codes import AssessmentPoint, Employment, Housing
from common.packs import Authority
from compliance_reporting.guidelines import delivered, people
from compliance_reporting.guidelines.measure import Measure, Unit
from compliance_reporting.rules import Goal

PAIRS = (
    "Paired means: the episode's first baseline with the data, and its latest later assessment with the data, at "
    "follow-up or closeout, 75 to 105 or 150 to 210 days after it and not after the period.",
    "A person counts in the period in which that latest assessment was collected, once per program. In the agency's "
    "figure a person of several programs counts once, and meets the state if they meet it in one of them.",
    "Lost are persons with a baseline whose last window, day 210, closed in the period without such an assessment, "
    "and who had not died by then. They are shown as not evaluable and never hold back the verdict.",
    people.WORDS,
)
_PAIRED_EXTRAS = """
    with person as (
        select unit_id, bool_or(in_numerator) is not null as paired, bool_or(at_baseline) as at_baseline
        from unit group by unit_id
    )
    select 'paired' as name, jsonb_build_object() as grouping, cast(count(*) as numeric) as value
    from person where paired
    union all
    select 'lost', jsonb_build_object(), count(*) from person where not paired
    union all
    select 'at_baseline', jsonb_build_object(), count(*) from person where at_baseline
"""
_USE_EXTRAS = """
    union all
    select name, jsonb_build_object(), round(value, 1) from (
        select 'mean_change_in_use_days' as name, avg(after - before) as value from unit
        union all select 'mean_percent_days_abstinent_at_baseline', avg(100.0 * (30 - before) / 30) from unit
            where after is not null
        union all select 'mean_percent_days_abstinent_at_follow_up', avg(100.0 * (30 - after) / 30) from unit
    ) means where value is not null
"""


def _paired(known: str, meets: str, amount: str = "null::int") -> str:
    """Return a measure's statement from SQL about one assessment `{a}`: is the data there, is the state met."""

    def of(sql: str, alias: str) -> str:
        return sql.format(a=alias)

    return f"""
        with survivor as materialized ({people.SURVIVORS}), baseline as (
            select distinct on (b.episode_id) b.*, e.program_id,
                coalesce(k.survivor_id, b.participant_id) as person_id
            from fact_assessment b join fact_episode e on e.agency_id = :agency and e.id = b.episode_id
            left join survivor k on k.id = b.participant_id
            where b.agency_id = :agency and b.point = '{AssessmentPoint.BASELINE}' and {of(known, "b")}
            order by b.episode_id, b.collected_on, b.id
        ), pair as (
            select distinct on (b.person_id, b.program_id) b.person_id, b.program_id, f.collected_on,
                {of(meets, "f")} as met, {of(meets, "b")} as at_baseline,
                {of(amount, "b")} as before, {of(amount, "f")} as after
            from baseline b
            join fact_assessment f on f.agency_id = :agency and f.episode_id = b.episode_id
                and f.point <> '{AssessmentPoint.BASELINE}' and {of(known, "f")} and f.collected_on <= :end
                and (f.collected_on - b.collected_on between 75 and 105
                     or f.collected_on - b.collected_on between 150 and 210)
            order by b.person_id, b.program_id, f.collected_on desc, f.id desc
        ), lost as (
            select distinct b.person_id, b.program_id from baseline b
            where b.collected_on + 210 between :start and :end
            and not exists (select 1 from pair p
                where p.person_id = b.person_id and p.program_id = b.program_id)
            and not exists (select 1 from fact_episode d left join survivor k on k.id = d.participant_id
                where d.agency_id = :agency and coalesce(k.survivor_id, d.participant_id) = b.person_id
                and d.deceased_on <= b.collected_on + 210)
        )
        select person_id as unit_id, program_id, met as in_numerator, at_baseline, before, after
        from pair where collected_on >= :start
        union all
        select person_id, program_id, null, null, null, null from lost
    """


ABSTINENCE = Measure(
    id="M31",
    rule_version="2",
    name="Abstinence or reduced use",
    unit=Unit.PERSON,
    guideline_ids=("SAMHSA-NOMS", "CSAT-GPRA"),
    authority=Authority.DEFAULT,
    content_authority=Authority.FED_REQ,
    goal=Goal.ABOVE_BASELINE,
    target_authority=Authority.DEFAULT,
    citation=(
        "SAMHSA National Outcome Measures, domain 1 (reduced morbidity). The domain is federal; how it is measured "
        "and what is enough are Handrail's defaults."
    ),
    numerator="persons with 0 use days in the past 30 days at follow-up",
    denominator="persons with use data at baseline and at follow-up",
    exclusions="persons without the answer at either point",
    interpretation=(
        *PAIRS,
        "Judged against their own baseline: more persons without use than at baseline, or everybody. Also shown: mean "
        "change in use days and mean percentage of days abstinent at both points, rounded half away from zero.",
        "Recovery is broader than abstinence; this figure stands beside the others, not above them.",
    ),
    units=_paired("{a}.use_days_30 is not null", "{a}.use_days_30 = 0", "{a}.use_days_30"),
    extras=_PAIRED_EXTRAS + _USE_EXTRAS,
)


def _stability(part: str, name: str, domain: str, state: str, words: str, known: str, meets: str) -> Measure:
    return Measure(
        id=f"M32{part}",
        rule_version="2",
        name=name,
        unit=Unit.PERSON,
        guideline_ids=("SAMHSA-NOMS",),
        authority=Authority.DEFAULT,
        content_authority=Authority.FED_REQ,
        goal=Goal.AS_BASELINE,
        target_authority=Authority.DEFAULT,
        citation=(
            f"SAMHSA National Outcome Measures, {domain}. The domain is federal; how it is measured and what is "
            "enough are Handrail's defaults."
        ),
        numerator=f"persons {state} at follow-up",
        denominator="persons with the data at baseline and at follow-up",
        exclusions="persons without the answer at either point",
        interpretation=(*PAIRS, words, "Judged against their own baseline: at least as many as then."),
        units=_paired(known, meets),
        extras=_PAIRED_EXTRAS,
    )


EMPLOYMENT = _stability(
    "a",
    "Stability: employed or in education",
    "domain 2 (employment and education)",
    "employed or in education",
    "Employed is full-time or part-time. The data is there if employment or education was answered; what was not "
    "answered counts as no.",
    "num_nonnulls({a}.employment, {a}.in_education) > 0",
    f"(coalesce({{a}}.employment in ('{Employment.FULL_TIME}', '{Employment.PART_TIME}'), false)"
    " or coalesce({a}.in_education, false))",
)
HOUSING = _stability(
    "b",
    "Stability: stable housing",
    "domain 4 (stability in housing)",
    "in stable housing",
    "Stable is independent or dependent living, that is: not homeless.",
    "{a}.housing is not null",
    f"{{a}}.housing in ('{Housing.INDEPENDENT}', '{Housing.DEPENDENT}')",
)
ARRESTS = _stability(
    "c",
    "Stability: no arrest in 30 days",
    "domain 3 (crime and criminal justice)",
    "without an arrest in the past 30 days",
    "No arrest is an answer of 0.",
    "{a}.arrests_30 is not null",
    "{a}.arrests_30 = 0",
)

_RETENTION_WORDS = (
    delivered.WORDS,
    "A contact is a delivered session of the episode. Day 1 is the day the episode opened.",
    "Every episode that started early enough counts in every later period too: the figure is that of all episodes up "
    "to the end of the period. One that closed early counts; one whose person died within the days does not.",
    "The domain (NOMs 7, retention) is federal; the thresholds are Handrail's defaults.",
)


def _retention(part: str, name: str, days: int, words: str, target: int, condition: str) -> Measure:
    return Measure(
        id=f"M38{part}",
        name=name,
        unit=Unit.EPISODE,
        guideline_ids=("SAMHSA-NOMS",),
        authority=Authority.DEFAULT,
        content_authority=Authority.FED_REQ,
        target=Decimal(target),
        target_authority=Authority.DEFAULT,
        citation="SAMHSA National Outcome Measures, domain 7 (retention).",
        numerator=words,
        denominator=f"episodes that started {days} days or more before the end of the period",
        exclusions=f"episodes of persons who died within the {days} days",
        interpretation=_RETENTION_WORDS,
        units=f"""
            select e.id as unit_id, e.program_id, {condition} as in_numerator
            from fact_episode e
            left join fact_session s on s.agency_id = :agency and s.episode_id = e.id and {delivered.IS_DELIVERED}
                and s.service_date between e.opened_on and e.opened_on + {days - 1}
            where e.agency_id = :agency and e.opened_on <= :end - {days}
            and (e.deceased_on is null or e.deceased_on >= e.opened_on + {days})
            group by e.id, e.program_id
        """,
    )


ENGAGEMENT = _retention(
    "a",
    "Engagement: three contacts in 30 days",
    30,
    "episodes with at least 3 delivered contacts in their first 30 days",
    70,
    "count(s.id) >= 3",
)
RETENTION = _retention(
    "b",
    "Retention: 90 days",
    90,
    "episodes with at least 1 delivered contact in each of their first three blocks of 30 days",
    60,
    "count(distinct (s.service_date - e.opened_on) / 30) = 3",
)

MEASURES = (ABSTINENCE, EMPLOYMENT, HOUSING, ARRESTS, ENGAGEMENT, RETENTION)
