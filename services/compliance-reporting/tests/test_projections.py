"""Projections: the newest state of every aggregate, whatever the order, and however often it was told."""

import asyncio
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.contracts import intake, session_logging, workforce
from common.contracts.codes import MutualAid
from common.contracts.envelope import Fact
from compliance_reporting.models import Model
from compliance_reporting.subscribers import REACTIONS
from handrail.testing import Platform

# No measure counts these yet; ledgers keep them 90 days, so that hearing them later brings back what was told.
NOT_COUNTED = (
    intake.REFERRAL_RECORDED,
    intake.REFERRAL_CHANGED,
    intake.PLAN_REVIEWED,
    intake.INSTRUMENT_ANSWERED,
    intake.SAFETY_CONCERN_OPENED,
    intake.SAFETY_CONCERN_CHANGED,
    intake.GRANT_SET,
    intake.FEDERAL_POINT_SET,
    intake.NOTICE_DEFERRED,
    intake.PACKAGE_PREPARED,
    intake.PACKAGE_CLOSED,
    intake.BREAK_GLASS_OPENED,
    intake.BREAK_GLASS_CHANGED,
    intake.PRIVACY_STATUS_DETERMINED,
    session_logging.COLLATERAL_CONTACTED,
    session_logging.CONSENT_APPLIED,
    session_logging.NOTE_ANSWERED,
    session_logging.CLAIMS_RELEASED,
    session_logging.CHECK_IN_HELD,
    session_logging.CHECK_IN_WITHDRAWN,
    session_logging.ANONYMOUS_CONTACT_HELD,
    session_logging.ANONYMOUS_CONTACT_WITHDRAWN,
    session_logging.WORK_TIME_RECORDED,
    session_logging.WORK_TIME_WITHDRAWN,
    session_logging.APPOINTMENT_SCHEDULED,
    session_logging.APPOINTMENT_CHANGED,
    session_logging.TASK_OPENED,
    session_logging.TASK_CHANGED,
    session_logging.IDENTITIES_RELEASED,
)
STORED = "select seq from compliance_reporting.fact_session where id = :id"


async def _stored(platform: Platform, session: UUID) -> tuple[int, int]:
    rows = await platform.fetch("select seq, minutes from compliance_reporting.fact_session where id = :id", id=session)
    return rows[0]["seq"], rows[0]["minutes"]


def test_every_fact_of_the_three_services_is_heard() -> None:
    publishers = (workforce.SERVICE, intake.SERVICE, session_logging.SERVICE)

    told = {fact.type for fact in Fact.known.values() if fact.service in publishers}

    assert {fact.type for fact in REACTIONS} == told - {fact.type for fact in NOT_COUNTED}


def test_every_field_of_a_fact_has_its_column() -> None:
    tables = {
        "AgencyFacts": "fact_agency", "ProgramFacts": "fact_program", "StaffFacts": "fact_staff",
        "CredentialFacts": "fact_credential", "SupervisorFacts": "fact_supervisor",
        "ParticipantFacts": "fact_participant", "EpisodeFacts": "fact_episode", "NoticeFacts": "fact_notice",
        "ConsentFacts": "fact_consent", "DisclosureFacts": "fact_disclosure", "PlanFacts": "fact_plan",
        "AssessmentFacts": "fact_assessment", "AssignmentFacts": "fact_assignment", "SessionFacts": "fact_session",
        "EarlierConsentFacts": "fact_consent", "EarlierDisclosureFacts": "fact_disclosure",
        "AgreementFacts": "fact_agreement", "MergeFacts": "fact_merge", "GroupFacts": "fact_group",
        "MutualAidFacts": "fact_mutual_aid", "ProgramPackFacts": "fact_program_pack",
        "PlacementFacts": "fact_placement", "TrainingFacts": "fact_training",
        "AttestationFacts": "fact_attestation", "CompetencyFacts": "fact_competency",
        "WorkHoursFacts": "fact_work_hours", "SupervisionFacts": "fact_supervision",
    }  # fmt: skip

    for fact in REACTIONS:
        own_id, *fields = fact.data.model_fields
        columns = set(Model.metadata.tables[f"compliance_reporting.{tables[fact.data.__name__]}"].columns.keys())

        assert own_id.endswith("_id")
        assert set(fields) <= columns, fact


async def test_events_arrive_through_the_bus(platform: Platform, books: Any, publish: Any) -> None:
    books.setting()
    episode = books.episode(date(2026, 1, 5))
    plan = books.plan(episode, books.at("2026-01-06T10:00"), [books.goal()])
    session = books.session("2026-01-10T10:00", goal_ids=[uuid4(), uuid4()])
    group = books.group("2026-01-10T10:00", 2)

    await publish(*(one for _, one in books.pending))

    for table, row in (("plan", plan), ("session", session), ("group", group), ("episode", episode)):
        await platform.eventually(f"select count(*) from compliance_reporting.fact_{table} where id = :id", 1, id=row)
    stored = (await platform.fetch("select * from compliance_reporting.fact_session where id = :id", id=session))[0]
    facts = books.pending[-2][1].data
    assert stored["agency_id"] == books.agency_id
    for name in ("goal_ids", "activities", "modifiers", "started_at", "signed_at", "units", "service_date", "outcome"):
        assert stored[name] == getattr(facts, name), name
    known = await platform.value(
        "select count(*) from compliance_reporting.known_agency where id = :id", id=books.agency_id
    )
    assert known == 1


async def test_an_older_or_repeated_event_changes_nothing(platform: Platform, books: Any, publish: Any) -> None:
    session = uuid4()
    for seq, minutes in ((1, 10), (2, 20), (3, 30)):
        books.session("2026-01-10T10:00", minutes, seq, session_id=session)
    first, second, third = (one for _, one in books.pending)

    await publish(third, first)
    await platform.eventually(STORED, 3, id=session)
    await publish(second, third)
    later = uuid4()
    books.session("2026-01-10T10:00", session_id=later)
    await publish(books.pending[-1][1])
    await platform.eventually(STORED, 1, id=later)

    assert await _stored(platform, session) == (3, 30)


async def test_a_withdrawn_meeting_counts_no_more(platform: Platform, books: Any, publish: Any) -> None:
    counted, mistaken = uuid4(), uuid4()
    person = uuid4()
    for attendance_id, withdrawn in ((counted, False), (mistaken, False), (mistaken, True)):
        facts = session_logging.MutualAidFacts(
            attendance_id=attendance_id, participant_id=person, mutual_aid=MutualAid.AA, attended_on=date(2026, 1, 10),
            withdrawn=withdrawn,
        )  # fmt: skip
        fact = session_logging.MUTUAL_AID_WITHDRAWN if withdrawn else session_logging.MUTUAL_AID_ATTENDED
        books.say(fact, facts, attendance_id, seq=2 if withdrawn else 1)

    await publish(*(one for _, one in books.pending))

    standing = (
        "select count(*) filter (where not withdrawn) || ' of ' || count(*) "
        "from compliance_reporting.fact_mutual_aid where participant_id = :person"
    )
    await platform.eventually(standing, "1 of 2", person=person)


@given(st.permutations(range(1, 6)), st.lists(st.integers(0, 4), max_size=4))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_the_newest_state_wins_in_every_order_and_batching(
    platform: Platform, many_books: Any, order: list[int], cuts: list[int]
) -> None:
    books, session = many_books(), uuid4()
    for place, seq in enumerate(order):
        books.session("2026-01-10T10:00", seq * 10, seq, session_id=session)
        if place in cuts:
            await books.apply()
    await books.apply()

    assert await _stored(platform, session) == (5, 50)


async def test_two_batches_of_the_same_sessions_at_once_do_not_deadlock(many_books: Any, platform: Platform) -> None:
    one, other = many_books(), many_books()
    other.agency_id = one.agency_id
    ids = [uuid4() for _ in range(200)]
    for session in ids:
        one.session("2026-01-10T10:00", 10, 1, session_id=session)
    for session in reversed(ids):
        other.session("2026-01-10T10:00", 20, 2, session_id=session)

    await asyncio.gather(one.apply(), other.apply())

    found = await platform.fetch(
        "select distinct seq, minutes from compliance_reporting.fact_session where agency_id = :a", a=one.agency_id
    )
    assert [(row["seq"], row["minutes"]) for row in found] == [(2, 20)]
