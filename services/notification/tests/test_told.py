"""What waits is told once to the right people on the right morning, and higher up when it still waits."""

from collections.abc import AsyncGenerator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio
from sqlalchemy import text

from common.contracts import compliance_reporting, intake, session_logging, workforce
from common.contracts.codes import (
    ConsentStatus,
    ConsentType,
    CredentialStatus,
    CredentialType,
    DeliveryMethod,
    FederalPoint,
    FederalTool,
    Format,
    Modality,
    Outcome,
    ReferralDirection,
    ReferralKind,
    ReferralStatus,
    SessionStatus,
    Specialty,
    UnitMethod,
)
from common.contracts.session_codes import AppointmentStatus, ReminderIntent, Review, TaskKind
from common.contracts.workforce_codes import SupervisionMode
from notification.commands import mornings
from notification.models import Message
from notification.queries.told import moot_of

ZONE = "America/Chicago"


def today() -> date:
    return datetime.now(ZoneInfo(ZONE)).date()


def in_days(days: int) -> date:
    return today() + timedelta(days=days)


class House:
    """One agency with a peer, who serves one person, a supervisor of theirs and an administrator."""

    def __init__(self, workplace: Any, bus: Any, worker: Any) -> None:
        self.workplace, self.bus, self.worker = workplace, bus, worker
        self.agency_id: UUID = workplace.agency_id
        self.person = uuid4()
        self.peer = self.supervisor = uuid4()

    async def open(self) -> None:
        self.peer, _ = await self.workplace.hire("peer")
        self.supervisor, _ = await self.workplace.hire("supervisor")
        await self.workplace.supervise(self.peer, self.supervisor)
        await self.serve(self.person, self.peer)
        await self.supervised(uuid4())
        await self.workplace.platform.eventually(
            "select count(*) from notification.staff where agency_id = :agency", 3, agency=self.agency_id
        )

    async def supervised(self, about: UUID, seq: int = 1, days_ago: int = 0, *, voided: bool = False) -> None:
        """Tell that the peer was supervised."""
        facts = workforce.SupervisionFacts(
            supervision_id=about,
            supervisor_id=self.supervisor,
            staff_ids=[self.peer],
            held_on=in_days(-days_ago),
            minutes=60,
            mode=next(iter(SupervisionMode)),
            voided=voided,
        )
        await self.tell(workforce.SUPERVISION_HELD, facts, about, seq)

    async def serve(self, person: UUID, staff_id: UUID) -> None:
        facts = intake.AssignmentFacts(
            assignment_id=uuid4(),
            participant_id=person,
            episode_id=uuid4(),
            program_id=uuid4(),
            staff_id=staff_id,
            valid_from=date(2026, 1, 2),
            imported=True,
        )
        await self.bus.tell(intake.PEER_ASSIGNED, facts, self.agency_id, about=facts.assignment_id)
        await self.workplace.platform.eventually(
            "select count(*) from notification.assignment where id = :id", 1, id=facts.assignment_id
        )

    async def tell(self, fact: Any, facts: Any, about: UUID, seq: int = 1) -> None:
        """Tell a fact and wait until it was applied."""
        row = await self.bus.tell(fact, facts, self.agency_id, about=about, seq=seq)
        await self.workplace.platform.eventually(
            "select count(*) from notification.inbox where event_id = :id", 1, id=row["event_id"]
        )

    async def morning(self) -> None:
        """Let the agency's morning begin, and wait until it was had."""
        await self._run("update notification.morning set at = clock_timestamp() where agency_id = :agency")
        async with self.worker.transaction(self.agency_id) as db:
            await mornings.have_morning(db)
        await self.workplace.platform.eventually(
            "select count(*) from notification.morning where agency_id = :agency and at > now()",
            1,
            agency=self.agency_id,
        )

    async def days_pass(self, days: int) -> None:
        """Bring what is to be told nearer by so many days."""
        await self._run(
            f"update notification.upcoming set next_on = next_on - {days} where agency_id = :agency "
            "and kind <> 'supervision-overdue'"
        )

    async def _run(self, sql: str) -> None:
        async with self.workplace.platform.admin.begin() as connection:
            await connection.execute(text(sql), {"agency": self.agency_id})

    async def told(self, recipient_id: UUID | None = None) -> list[tuple[str, dict[str, Any]]]:
        """Return what somebody (default: anybody) was told but digests, oldest first, with the values."""
        rows = await self.workplace.platform.fetch(
            "select template, values from notification.message where agency_id = :agency and template not like "
            "'%digest' and (cast(:who as uuid) is null or recipient_id = :who) order by template, id",
            agency=self.agency_id,
            who=recipient_id,
        )
        return [(row["template"], row["values"]) for row in rows]

    async def moot(self, recipient_id: UUID) -> list[str]:
        """Return why somebody's messages need not leave any more."""
        async with self.worker.transaction(self.agency_id) as db:
            found = await db.scalars(
                text("select id from notification.message where recipient_id = :id").bindparams(id=recipient_id)
            )
            messages = [await db.get_one(Message, (self.agency_id, one)) for one in found]
            return sorted((await moot_of(db, messages, today())).values())


@pytest_asyncio.fixture
async def house(own_workplace: Any, bus: Any, other_worker: Any) -> AsyncGenerator[House]:
    opened = House(own_workplace, bus, other_worker)
    await opened.open()
    yield opened


def session(house: House, session_id: UUID, status: SessionStatus, review: Review | None) -> Any:
    begun = datetime(2026, 3, 2, 15, tzinfo=UTC)
    return session_logging.SessionFacts(
        session_id=session_id,
        participant_id=house.person,
        episode_id=uuid4(),
        program_id=uuid4(),
        staff_id=house.peer,
        modality=Modality.ONE_ON_ONE_MENTORING,
        format=Format.INDIVIDUAL,
        delivery_method=DeliveryMethod.IN_PERSON,
        activities=[],
        started_at=begun,
        ended_at=begun + timedelta(hours=1),
        zone=ZONE,
        service_date=date(2026, 3, 2),
        minutes=60,
        units=4,
        unit_method=UnitMethod.MIDPOINT_8,
        outcome=Outcome.COMPLETED,
        status=status,
        recorded_at=begun,
        review=review,
    )


async def test_a_returned_note_is_told_at_once_and_after_two_days_higher_up_once(house: House) -> None:
    note = uuid4()
    await house.tell(
        session_logging.SESSION_RETURNED, session(house, note, SessionStatus.SIGNED, Review.RETURNED), note, 3
    )

    at_once = await house.told()
    await house.morning()
    await house.days_pass(2)
    await house.morning()
    await house.days_pass(2)
    await house.morning()

    assert at_once == [("note-returned", {})]
    assert await house.told(house.peer) == [("note-returned", {})]
    assert await house.told(house.supervisor) == [("escalated", {"kind": "note-returned", "count": 1})]


async def test_a_note_that_is_returned_again_is_told_again(house: House) -> None:
    note = uuid4()
    for seq, review in ((3, Review.RETURNED), (4, Review.AWAITED), (5, Review.RETURNED)):
        fact = session_logging.SESSION_RETURNED if review is Review.RETURNED else session_logging.SESSION_SIGNED
        await house.tell(fact, session(house, note, SessionStatus.SIGNED, review), note, seq)

    assert await house.told(house.peer) == [("note-returned", {}), ("note-returned", {})]
    assert await house.moot(house.peer) == ["no-longer-waiting"]  # the first round's


async def test_an_overtaken_fact_about_a_note_tells_nothing(house: House) -> None:
    note = uuid4()
    await house.tell(
        session_logging.SESSION_COSIGNED, session(house, note, SessionStatus.SIGNED, Review.COSIGNED), note, 4
    )
    await house.tell(
        session_logging.SESSION_RETURNED, session(house, note, SessionStatus.SIGNED, Review.RETURNED), note, 3
    )

    await house.morning()

    assert await house.told() == []


async def test_notes_that_wait_for_a_co_signature_are_one_message_a_morning(house: House) -> None:
    first, second, third = uuid4(), uuid4(), uuid4()
    for note in (first, second, third):
        await house.tell(
            session_logging.SESSION_SIGNED, session(house, note, SessionStatus.SIGNED, Review.AWAITED), note, 2
        )
    await house.tell(
        session_logging.SESSION_COSIGNED, session(house, third, SessionStatus.SIGNED, Review.COSIGNED), third, 3
    )

    await house.morning()

    assert await house.told() == [("cosignature-waiting", {"count": 2})]
    assert await house.moot(house.supervisor) == []
    for note in (first, second):
        await house.tell(
            session_logging.SESSION_COSIGNED, session(house, note, SessionStatus.SIGNED, Review.COSIGNED), note, 3
        )
    assert await house.moot(house.supervisor) == ["no-longer-waiting"]


async def test_an_overdue_note_is_told_higher_up_after_two_days_unless_it_was_signed(house: House) -> None:
    signed, open_ = uuid4(), uuid4()
    for note in (signed, open_):
        facts = compliance_reporting.NoteOverdueFacts(
            session_id=note, staff_id=house.peer, due_at=datetime(2026, 3, 6, tzinfo=UTC)
        )
        await house.tell(compliance_reporting.NOTE_OVERDUE, facts, note)
    await house.tell(session_logging.SESSION_SIGNED, session(house, signed, SessionStatus.SIGNED, None), signed, 2)

    await house.days_pass(2)
    await house.morning()

    assert ("escalated", {"kind": "note-overdue", "count": 1}) in await house.told(house.supervisor)


def point(house: House, point_id: UUID, **more: Any) -> Any:
    return intake.FederalPointFacts(
        **{
            "point_id": point_id,
            "participant_id": house.person,
            "episode_id": uuid4(),
            "grant_id": uuid4(),
            "tool": FederalTool.SUPRT,
            "point": FederalPoint.REASSESSMENT,
            "due_on": in_days(30),
            "opens_on": in_days(0),
            "closes_on": in_days(60),
        }
        | more
    )


async def test_a_window_is_told_when_it_opens_and_a_week_before_it_closes(house: House) -> None:
    opening, closing = uuid4(), uuid4()
    await house.tell(intake.FEDERAL_POINT_SET, point(house, opening), opening)
    await house.tell(
        intake.FEDERAL_POINT_SET, point(house, closing, opens_on=in_days(-50), closes_on=in_days(7)), closing
    )

    await house.morning()
    await house.morning()

    assert await house.told() == [("suprt-closing", {}), ("suprt-opening", {})]
    assert len(await house.told(house.peer)) == 2


@pytest.mark.parametrize("change", [{"collected_on": date(2026, 3, 2)}, {"cancelled": True}])
async def test_a_window_that_is_no_more_owed_is_moot(house: House, change: dict[str, Any]) -> None:
    about = uuid4()
    await house.tell(intake.FEDERAL_POINT_SET, point(house, about), about)
    await house.morning()

    await house.tell(intake.FEDERAL_POINT_SET, point(house, about, **change), about, 2)

    assert await house.moot(house.peer) == ["no-longer-waiting"]


def credential(house: House, credential_id: UUID, valid_to: date, status: CredentialStatus) -> Any:
    return workforce.CredentialFacts(
        credential_id=credential_id,
        staff_id=house.peer,
        credential_type=CredentialType.CERTIFIED_PEER_SPECIALIST,
        specialty=Specialty.SUBSTANCE_USE,
        valid_from=date(2024, 3, 2),
        valid_to=valid_to,
        status=status,
    )


async def test_a_credential_is_told_at_90_60_and_30_days_and_then_higher_up(house: House) -> None:
    about = uuid4()
    facts = credential(house, about, in_days(90), CredentialStatus.ACTIVE)
    await house.tell(workforce.CREDENTIAL_RECORDED, facts, about)
    counts = []

    for pause in (0, 29, 1, 59, 1, 1, 1, 30):
        await house.days_pass(pause)
        await house.morning()
        counts.append((len(await house.told(house.peer)), len(await house.told(house.supervisor))))

    assert counts == [(1, 0), (1, 0), (2, 0), (2, 0), (3, 0), (3, 0), (3, 1), (3, 1)]
    assert (await house.told(house.supervisor)) == [("escalated", {"kind": "credential-expiring", "count": 1})]


async def test_a_renewed_or_revoked_credential_is_not_told(house: House) -> None:
    old, renewed, revoked = uuid4(), uuid4(), uuid4()
    for about, days, status in (
        (old, 20, CredentialStatus.ACTIVE),
        (renewed, 700, CredentialStatus.ACTIVE),
        (revoked, 10, CredentialStatus.REVOKED),
    ):
        await house.tell(workforce.CREDENTIAL_RECORDED, credential(house, about, in_days(days), status), about)

    await house.morning()

    assert await house.told() == []


async def test_supervision_that_is_overdue_is_told_to_who_owes_it(house: House) -> None:
    held = uuid4()
    await house._run("delete from notification.supervision_held where agency_id = :agency")
    await house.supervised(held, days_ago=6)
    await house.morning()
    before = await house.told()

    await house.supervised(held, 2, days_ago=6, voided=True)
    await house.morning()

    assert before == []
    assert await house.told() == [("supervision-overdue", {"count": 1})]
    assert await house.told(house.supervisor) == [("supervision-overdue", {"count": 1})]


async def test_a_plan_is_due_for_review_ninety_days_after_it_was_last_looked_at(house: House) -> None:
    plan, review = uuid4(), uuid4()
    agreed = datetime.now(UTC) - timedelta(days=95)
    facts = intake.PlanFacts(plan_id=plan, participant_id=house.person, episode_id=uuid4(), agreed_at=agreed, goals=[])
    reviewed = intake.ReviewFacts(
        review_id=review,
        plan_id=plan,
        participant_id=house.person,
        episode_id=uuid4(),
        reviewed_at=datetime.now(UTC) - timedelta(days=10),
    )
    await house.tell(intake.PLAN_AGREED, facts, plan)
    await house.morning()

    told = await house.told()
    await house.tell(intake.PLAN_REVIEWED, reviewed, review)
    await house.morning()

    assert told == await house.told(house.peer) == [("plan-review-due", {})]
    assert await house.moot(house.peer) == ["no-longer-waiting"]


async def test_a_review_that_is_heard_of_before_its_plan_counts(house: House) -> None:
    plan, review = uuid4(), uuid4()
    reviewed = intake.ReviewFacts(
        review_id=review,
        plan_id=plan,
        participant_id=house.person,
        episode_id=uuid4(),
        reviewed_at=datetime.now(UTC) - timedelta(days=10),
    )
    facts = intake.PlanFacts(
        plan_id=plan,
        participant_id=house.person,
        episode_id=uuid4(),
        agreed_at=datetime.now(UTC) - timedelta(days=95),
        goals=[],
    )
    await house.tell(intake.PLAN_REVIEWED, reviewed, review)
    await house.tell(intake.PLAN_AGREED, facts, plan)

    await house.morning()

    assert await house.told() == []


def consent(house: House, consent_id: UUID, status: ConsentStatus) -> Any:
    return intake.ConsentFacts(
        consent_id=consent_id,
        participant_id=house.person,
        consent_type=ConsentType.TPO,
        status=status,
        signed_at=datetime(2025, 3, 2, tzinfo=UTC),
        expires_on=in_days(30),
    )


async def test_a_consent_that_runs_out_is_told_and_one_that_was_replaced_is_moot(house: House) -> None:
    about = uuid4()
    await house.tell(intake.CONSENT_SIGNED, consent(house, about, ConsentStatus.ACTIVE), about)
    await house.morning()
    told = await house.told()

    await house.tell(intake.CONSENT_CHANGED, consent(house, about, ConsentStatus.SUPERSEDED), about, 2)

    assert told == [("consent-expiring", {})]
    assert await house.moot(house.peer) == ["no-longer-waiting"]


def referral(referral_id: UUID, **more: Any) -> Any:
    return intake.ReferralFacts(
        **{
            "referral_id": referral_id,
            "direction": ReferralDirection.IN,
            "kind": ReferralKind.REFERRAL,
            "status": ReferralStatus.RECEIVED,
            "referred_on": in_days(-7),
        }
        | more
    )


async def test_a_referral_without_contact_is_told_to_the_supervisors_and_then_the_administrators(house: House) -> None:
    about, spoken, out = uuid4(), uuid4(), uuid4()
    await house.tell(intake.REFERRAL_RECORDED, referral(about), about)
    await house.tell(intake.REFERRAL_RECORDED, referral(spoken, contacted_at=datetime.now(UTC)), spoken)
    await house.tell(intake.REFERRAL_RECORDED, referral(out, direction=ReferralDirection.OUT), out)

    await house.morning()
    first = await house.told(house.supervisor)
    await house.days_pass(2)
    await house.morning()

    assert first == [("referral-waiting", {})]
    administrator = house.workplace.administrator.staff_id
    assert await house.told(administrator) == [("escalated", {"kind": "referral-waiting", "count": 1})]


async def test_a_task_past_its_day_is_told_and_one_that_is_done_is_not(house: House) -> None:
    late, done = uuid4(), uuid4()
    for about, done_at in ((late, None), (done, datetime.now(UTC))):
        facts = session_logging.TaskFacts(
            task_id=about, staff_id=house.peer, kind=TaskKind.CALL, due_on=in_days(-1), done_at=done_at
        )
        await house.tell(session_logging.TASK_OPENED, facts, about)

    await house.morning()

    assert await house.told() == [("task-overdue", {})]


async def test_a_report_is_told_to_who_asked_for_it_else_to_the_administrators(house: House) -> None:
    asked, nobody = uuid4(), uuid4()
    for about, who in ((asked, house.supervisor), (nobody, None)):
        facts = compliance_reporting.ReportFacts(
            report_id=about,
            requested_by=who,
            period_start=date(2026, 1, 1),
            period_end=date(2026, 1, 31),
            as_of=datetime.now(UTC),
        )
        await house.tell(compliance_reporting.REPORT_COMPLETED, facts, about)

    assert await house.told(house.supervisor) == [("report-ready", {})]
    assert await house.told(house.workplace.administrator.staff_id) == [("report-ready", {})]


def appointment(house: House, about: UUID, starts_at: datetime, **more: Any) -> Any:
    return session_logging.AppointmentFacts(
        **{
            "appointment_id": about,
            "participant_id": house.person,
            "staff_id": house.peer,
            "starts_at": starts_at,
            "ends_at": starts_at + timedelta(hours=1),
            "zone": ZONE,
            "status": AppointmentStatus.SCHEDULED,
            "reminders": list(ReminderIntent),
        }
        | more
    )


async def test_a_person_is_reminded_as_they_wished_until_it_begins(house: House) -> None:
    about, starts = uuid4(), datetime.now(UTC).replace(microsecond=0) + timedelta(days=3)
    await house.tell(session_logging.APPOINTMENT_SCHEDULED, appointment(house, about, starts), about)

    rows = await house.workplace.platform.fetch(
        "select * from notification.message where recipient_id = :id order by not_before", id=house.person
    )

    assert [row["not_before"] for row in rows] == [starts - timedelta(days=1), starts - timedelta(hours=2)]
    assert {(row["audience"], row["purpose"], row["useful_until"]) for row in rows} == {
        ("participant", "appointment", starts)
    }


@pytest.mark.parametrize("status", sorted(set(AppointmentStatus) - {AppointmentStatus.SCHEDULED}))
async def test_an_appointment_that_is_off_reminds_nobody(house: House, status: AppointmentStatus) -> None:
    about, starts = uuid4(), datetime.now(UTC) + timedelta(days=3)
    await house.tell(session_logging.APPOINTMENT_SCHEDULED, appointment(house, about, starts), about)
    await house.tell(session_logging.APPOINTMENT_CHANGED, appointment(house, about, starts, status=status), about, 2)

    assert await house.moot(house.person) == ["appointment-changed"] * 2
    assert "appointment-changed" not in [template for template, _ in await house.told(house.person)]


async def test_what_a_reminder_said_and_is_true_no_longer_is_put_right_once(house: House) -> None:
    about, starts = uuid4(), datetime.now(UTC) + timedelta(days=3)
    moved = starts + timedelta(hours=2)
    await house.tell(session_logging.APPOINTMENT_SCHEDULED, appointment(house, about, starts), about)
    await house._run(
        "update notification.message set state = 'sent', sent_at = now() where agency_id = :agency "
        "and occasion like '%/day_before'"
    )

    await house.tell(session_logging.APPOINTMENT_CHANGED, appointment(house, about, moved), about, 2)
    await house.tell(session_logging.APPOINTMENT_CHANGED, appointment(house, about, moved, reminders=[]), about, 3)

    told = [template for template, _ in await house.told(house.person)]
    assert told.count("appointment-changed") == 1


async def test_what_waits_for_somebody_who_left_is_told_to_nobody_until_somebody_serves_the_person(
    house: House,
) -> None:
    stranger, about = uuid4(), uuid4()
    await house._run("update notification.staff set roles = '{peer}' where agency_id = :agency")
    await house.tell(intake.FEDERAL_POINT_SET, point(house, about, participant_id=stranger), about)
    await house.morning()
    before = await house.told()

    await house.serve(stranger, house.peer)
    await house.morning()

    assert before == []
    assert await house.told(house.peer) == [("suprt-opening", {})]


async def test_the_same_morning_twice_and_the_same_fact_twice_tell_once(house: House) -> None:
    about = uuid4()
    row = await house.bus.tell(intake.FEDERAL_POINT_SET, point(house, about), house.agency_id, about=about)
    await house.bus.repeat(row)
    await house.workplace.platform.eventually(
        "select count(*) from notification.upcoming where about_id = :id", 2, id=about
    )

    await house.morning()
    await house.morning()

    assert await house.told() == [("suprt-opening", {})]


async def test_on_monday_everybody_hears_how_much_waits(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("notification.commands.told.DIGEST_WEEKDAY", today().weekday())
    about = uuid4()
    facts = session_logging.TaskFacts(task_id=about, staff_id=house.peer, kind=TaskKind.CALL, due_on=in_days(5))
    await house.tell(session_logging.TASK_OPENED, facts, about)

    await house.morning()
    await house.morning()

    rows = await house.workplace.platform.fetch(
        "select recipient_id, values from notification.message where agency_id = :agency and template = "
        "'weekly-digest' and recipient_id = :peer",
        agency=house.agency_id,
        peer=house.peer,
    )
    assert [row["values"] for row in rows] == [{"count": 1}]


async def test_nothing_that_is_told_names_a_person_or_another_agency(house: House, workplace: Any) -> None:
    about = uuid4()
    await house.tell(intake.FEDERAL_POINT_SET, point(house, about), about)

    await house.morning()

    rows = await house.workplace.platform.fetch(
        "select cast(values as text) as said, agency_id from notification.message where agency_id in (:one, :two)",
        one=house.agency_id,
        two=workplace.agency_id,
    )
    assert str(house.person) not in "".join(row["said"] for row in rows)
    assert {row["agency_id"] for row in rows} <= {house.agency_id, workplace.agency_id}


async def test_a_new_agency_has_its_first_morning_at_seven_on_its_own_clock(own_workplace: Any, platform: Any) -> None:
    at = await platform.value("select at from notification.morning where agency_id = :id", id=own_workplace.agency_id)

    local = at.astimezone(ZoneInfo(ZONE))
    assert (local.hour, local.minute) == (7, 0)
    assert timedelta(0) < at - datetime.now(UTC) <= timedelta(hours=25)


async def test_the_worker_has_the_mornings_that_have_begun_and_one_that_breaks_is_put_off(house: House) -> None:
    about = uuid4()
    await house.tell(intake.FEDERAL_POINT_SET, point(house, about), about)

    await house._run("update notification.morning set at = now() - interval '1 minute' where agency_id = :agency")
    await house.workplace.platform.eventually(
        "select count(*) from notification.message where recipient_id = :id and template = 'suprt-opening'",
        1,
        id=house.peer,
    )
    async with house.worker.transaction(house.agency_id) as db:
        await mornings.put_off(db)

    assert await house.told() == [("suprt-opening", {})]
    at = await house.workplace.platform.value(
        "select at from notification.morning where agency_id = :id", id=house.agency_id
    )
    assert timedelta(minutes=9) < at - datetime.now(UTC) <= timedelta(minutes=10)
