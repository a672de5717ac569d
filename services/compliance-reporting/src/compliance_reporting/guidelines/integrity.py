"""Measures about groups and time: M21 and M22."""

from decimal import Decimal

from common.contracts.codes import NoteElement
from common.packs import Authority
from compliance_reporting.guidelines import delivered, people
from compliance_reporting.guidelines.measure import Measure, Unit

LOOK_DAYS = 7  # how far outside the period an overlapping session is looked for, and the longest that is compared

GROUP_RULES = Measure(
    id="M21",
    name="Group rules",
    unit=Unit.GROUP,
    guideline_ids=("TX-HHSC-H0038", "NC-CCP-8G", "VA-12VAC30-130-52"),
    authority=Authority.DEFAULT,
    target=Decimal(100),
    target_authority=Authority.DEFAULT,
    citation=(
        "Group size, group code and a note per person are rules of single states (Texas, North Carolina, Virginia). "
        "With no state pack loaded, size and code are the program's own settings."
    ),
    numerator=(
        "groups with no more people than the program allows, the program's group modifier on every billed line, and "
        "an individual note for each person present"
    ),
    denominator="groups held in the period",
    exclusions="groups all of whose lines were voided",
    interpretation=(
        "One group is one unit. It belongs to the period by its start in the agency's zone. Its lines are the "
        "attendees' delivered sessions.",
        "A line is billed if it names a service code; a program without a group modifier asks for none.",
        "Each person present has a note if there are at least as many lines, of different people, as people present, "
        "and no line lacks its summary. Completeness and signature are judged elsewhere (M16, M17).",
        "Groups of a program whose settings have not arrived are not evaluable.",
    ),
    units=f"""
        with line as (
            select s.group_id,
                count(*) filter (where s.status = 'voided') as voided,
                count(*) as lines,
                count(distinct s.participant_id) filter (where {delivered.IS_DELIVERED}) as people,
                bool_and(s.service_code is null or p.group_modifier is null or p.group_modifier = any(s.modifiers))
                    filter (where {delivered.IS_DELIVERED}) as coded,
                bool_and('{NoteElement.SUMMARY}' <> all(s.missing_elements))
                    filter (where {delivered.IS_DELIVERED}) as noted
            from fact_group g
            join fact_session s on s.agency_id = :agency and s.group_id = g.id
            left join fact_program p on p.agency_id = :agency and p.id = g.program_id
            where g.agency_id = :agency
            and g.started_at >= cast(:start as timestamp) at time zone :zone
            and g.started_at < cast(:end + 1 as timestamp) at time zone :zone
            group by s.group_id
        )
        select g.id as unit_id, g.program_id,
            case when p.id is not null then
                g.size <= p.group_max and coalesce(l.people >= g.size and l.coded and l.noted, false)
            end as in_numerator
        from fact_group g
        left join fact_program p on p.agency_id = :agency and p.id = g.program_id
        left join line l on l.group_id = g.id
        where g.agency_id = :agency
        and g.started_at >= cast(:start as timestamp) at time zone :zone
        and g.started_at < cast(:end + 1 as timestamp) at time zone :zone
        and (l.lines is null or l.voided < l.lines)
    """,
)

# Comparing each session with every other of its worker is quadratic: 100,000 sessions of 50 workers are 200 million
# pairs. Two sessions that overlap share an hour of the clock, so only sessions of the same worker (or person) within
# the same hour are compared; this stays linear also where half of the sessions overlap.
TIME_INTEGRITY = Measure(
    id="M22",
    rule_version="2",
    name="Time integrity",
    unit=Unit.SESSION,
    guideline_ids=(),
    authority=Authority.DEFAULT,
    target=Decimal(100),
    target_authority=Authority.DEFAULT,
    citation="Integrity of claims, a payer's concern everywhere; no confirmed source is loaded, so it is a default.",
    numerator=(
        "sessions that end after they start, overlap no other session of the same worker or the same person, and lie "
        "within the worker's employment"
    ),
    denominator="delivered sessions",
    interpretation=(
        delivered.WORDS,
        "Sessions run from their start up to, not including, their end: back to back is no overlap. Compared are "
        "delivered sessions, also those up to a week outside the period; of a longer session its first week. A session "
        "that does not end after it starts fails for itself and overlaps nothing.",
        people.WORDS,
        "Lines of one group do not overlap for its worker. Two lines of the same person do not overlap if they belong "
        "to one group and its facilitator and its recorded co-facilitator wrote one each.",
        "Of two sessions that overlap, both fail: the record does not say which one is wrong.",
        "Employment includes its first and last day. Sessions of a worker of whom nothing has arrived are not "
        "evaluable, unless they fail for another reason.",
    ),
    units=f"""
        with near as materialized (
            select s.id, s.program_id, s.staff_id, coalesce(k.survivor_id, s.participant_id) as participant_id,
                s.group_id, s.service_date, s.started_at, s.ended_at
            from fact_session s left join ({people.SURVIVORS}) k on k.id = s.participant_id
            where s.agency_id = :agency and s.service_date between :start - {LOOK_DAYS} and :end + {LOOK_DAYS}
            and {delivered.IS_DELIVERED}
        ), slot as materialized (
            select n.id, n.staff_id, n.participant_id, n.group_id, coalesce(n.group_id, n.id) as block_id,
                n.started_at, n.ended_at, h.hour
            from near n
            cross join lateral generate_series(
                floor(extract(epoch from n.started_at) / 3600)::bigint,
                floor(extract(epoch from least(n.ended_at, n.started_at + interval '{LOOK_DAYS} days')) / 3600)::bigint
            ) h(hour)
            where n.ended_at > n.started_at
        ), clash as (
            select a.id from slot a join slot b
            on b.staff_id = a.staff_id and b.hour = a.hour and b.block_id <> a.block_id
            and a.started_at < b.ended_at and b.started_at < a.ended_at
            union
            select a.id from slot a join slot b
            on b.participant_id = a.participant_id and b.hour = a.hour and b.id <> a.id
            and a.started_at < b.ended_at and b.started_at < a.ended_at
            left join fact_group g on g.agency_id = :agency and g.id = a.group_id and g.id = b.group_id
                and a.staff_id <> b.staff_id
                and a.staff_id in (g.staff_id, g.co_facilitator_id) and b.staff_id in (g.staff_id, g.co_facilitator_id)
            where g.id is null
        )
        select n.id as unit_id, n.program_id,
            case when n.ended_at <= n.started_at or c.id is not null then false
                 when w.id is not null
                 then n.service_date between w.employed_from and coalesce(w.employed_to, 'infinity') end as in_numerator
        from near n
        left join clash c on c.id = n.id
        left join fact_staff w on w.agency_id = :agency and w.id = n.staff_id
        where n.service_date between :start and :end
    """,
)

MEASURES = (GROUP_RULES, TIME_INTEGRITY)
