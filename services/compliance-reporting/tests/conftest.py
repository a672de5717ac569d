"""An agency whose facts are told by hand, and the ways to ask what follows from them."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import nats
import pytest_asyncio
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from uuid_utils.compat import uuid7

from common.contracts import codes, intake, session_logging, workforce
from common.contracts.envelope import CloudEvent, Fact, Facts
from common.database import Scope, make_engine, transaction
from compliance_reporting.app import SERVICE
from compliance_reporting.commands import overdue, reports
from compliance_reporting.guidelines import MEASURES
from compliance_reporting.models import FactAgency
from compliance_reporting.subscribers import REACTIONS
from handrail.platform import settings_of
from handrail.testing import Caller, Platform

ZONE = "America/Chicago"
QUARTER = (date(2026, 1, 1), date(2026, 3, 31))


def at(moment: str, zone: str = ZONE) -> datetime:
    """Return the instant of a wall-clock time."""
    return datetime.fromisoformat(moment).replace(tzinfo=ZoneInfo(zone))


def event(fact: Fact, facts: Facts, agency_id: UUID, about: UUID, seq: int = 1) -> CloudEvent[Any]:
    return fact.envelope(
        id=uuid7(),
        source=f"/{fact.service}",
        type=fact.type,
        subject=about,
        time=datetime.now(UTC),
        agencyid=agency_id,
        aggregateseq=seq,
        data=facts,
    )


@dataclass
class Books:
    """One agency's facts, applied as its worker would apply them."""

    worker: AsyncEngine
    api: AsyncEngine
    agency_id: UUID = field(default_factory=uuid4)
    pending: list[tuple[Fact, CloudEvent[Any]]] = field(default_factory=list)
    program_id: UUID = field(default_factory=uuid4)
    staff_id: UUID = field(default_factory=uuid4)

    at = staticmethod(at)

    def say(self, fact: Fact, facts: Facts, about: UUID, seq: int = 1) -> UUID:
        """Keep a fact for the next time anybody asks."""
        self.pending.append((fact, event(fact, facts, self.agency_id, about, seq)))
        return about

    def agency(self, *holidays: date, zone: str = ZONE) -> None:
        facts = workforce.AgencyFacts(
            agency_id=self.agency_id, zone=zone, holidays=list(holidays), activated_at=at("2025-01-01T00:00")
        )
        self.say(workforce.AGENCY_ACTIVATED, facts, self.agency_id)

    def program(self, program_id: UUID | None = None, **more: Any) -> UUID:
        values: dict[str, Any] = {
            "program_id": program_id or self.program_id,
            "credential_required": True,
            "unit_method": codes.UnitMethod.MIDPOINT_8,
            "group_max": 3,
            "group_modifier": "HQ",
            "note_deadline_business_days": 2,
            "plan_deadline_days": 30,
            "opened_on": date(2025, 1, 1),
        }
        facts = workforce.ProgramFacts(**(values | more))
        return self.say(workforce.PROGRAM_OPENED, facts, facts.program_id)

    def staff(self, staff_id: UUID | None = None, **more: Any) -> UUID:
        values: dict[str, Any] = {
            "staff_id": staff_id or self.staff_id,
            "roles": [codes.Role.PEER],
            "employed_from": date(2025, 1, 1),
        }
        facts = workforce.StaffFacts(**(values | more))
        return self.say(workforce.STAFF_JOINED, facts, facts.staff_id)

    def credential(self, **more: Any) -> UUID:
        values: dict[str, Any] = {
            "credential_id": uuid4(),
            "staff_id": self.staff_id,
            "credential_type": codes.CredentialType.CERTIFIED_PEER_SPECIALIST,
            "specialty": codes.Specialty.SUBSTANCE_USE,
            "valid_from": date(2025, 1, 1),
            "valid_to": date(2026, 12, 31),
            "status": codes.CredentialStatus.ACTIVE,
        }
        facts = workforce.CredentialFacts(**(values | more))
        return self.say(workforce.CREDENTIAL_RECORDED, facts, facts.credential_id)

    def pack(self, pack_id: str, valid_from: date = date(2025, 1, 1), **more: Any) -> None:
        """Let the program be judged by a pack."""
        facts = workforce.ProgramPackFacts(
            choice_id=uuid4(), program_id=self.program_id, pack_id=pack_id, valid_from=valid_from, **more
        )
        self.say(workforce.PROGRAM_PACK_CHOSEN, facts, facts.choice_id)

    def hire(self, *, placed: bool = True, **more: Any) -> UUID:
        """A peer of the program, employed since 2025."""
        staff_id = self.staff(uuid4(), **more)
        if placed:
            facts = workforce.PlacementFacts(
                placement_id=uuid4(), staff_id=staff_id, program_id=self.program_id, role=codes.Role.PEER,
                fte=Decimal(1), valid_from=date(2025, 1, 1),
            )  # fmt: skip
            self.say(workforce.STAFF_PLACED, facts, facts.placement_id)
        return staff_id

    def training(self, staff_id: UUID, hours: str, completed_on: date, kind: str = "core", **more: Any) -> None:
        values = {"topic": "related", **more}
        facts = workforce.TrainingFacts(
            training_id=uuid4(), staff_id=staff_id, kind=kind, hours=Decimal(hours), completed_on=completed_on, **values
        )
        self.say(workforce.TRAINING_RECORDED, facts, facts.training_id)

    def assignment(self, staff_id: UUID, valid_from: date, valid_to: date | None = None) -> UUID:
        facts = intake.AssignmentFacts(
            assignment_id=uuid4(), participant_id=uuid4(), episode_id=uuid4(), program_id=self.program_id,
            staff_id=staff_id, valid_from=valid_from, valid_to=valid_to,
        )  # fmt: skip
        return self.say(intake.PEER_ASSIGNED, facts, facts.assignment_id)

    def supervision(
        self,
        supervisor_id: UUID,
        held_on: date,
        *staff_ids: UUID,
        minutes: int = 60,
        mode: str = "face_to_face",
        voided: bool = False,
    ) -> UUID:
        facts = workforce.SupervisionFacts(
            supervision_id=uuid4(), supervisor_id=supervisor_id, staff_ids=list(staff_ids), held_on=held_on,
            minutes=minutes, mode=mode, voided=voided,
        )  # fmt: skip
        return self.say(workforce.SUPERVISION_HELD, facts, facts.supervision_id)

    def setting(self) -> None:
        """An agency with one program, one worker and the worker's credential."""
        self.agency()
        self.program()
        self.staff()
        self.credential()

    def participant(self, participant_id: UUID | None = None, **more: Any) -> UUID:
        values: dict[str, Any] = {
            "participant_id": participant_id or uuid4(),
            "age_band": codes.AgeBand.FROM_25,
            "sex": codes.Sex.FEMALE,
            "enrolled_at": at("2025-12-01T09:00"),
        }
        facts = intake.ParticipantFacts(**(values | more))
        return self.say(intake.PARTICIPANT_ENROLLED, facts, facts.participant_id)

    def episode(self, opened_on: date, seq: int = 1, **more: Any) -> UUID:
        values: dict[str, Any] = {
            "episode_id": uuid4(),
            "participant_id": uuid4(),
            "program_id": self.program_id,
            "opened_on": opened_on,
        }
        facts = intake.EpisodeFacts(**(values | more))
        return self.say(intake.EPISODE_OPENED, facts, facts.episode_id, seq)

    def plan(self, episode_id: UUID, agreed_at: datetime, goals: Any = (), **more: Any) -> UUID:
        values: dict[str, Any] = {
            "plan_id": uuid4(),
            "participant_id": uuid4(),
            "episode_id": episode_id,
            "agreed_at": agreed_at,
            "goals": list(goals),
        }
        facts = intake.PlanFacts(**(values | more))
        return self.say(intake.PLAN_AGREED, facts, facts.plan_id)

    def goal(
        self,
        dimension: str = "health",
        stated_by: str = "participant",
        active_from: date = date(2026, 1, 1),
        **more: Any,
    ) -> intake.GoalFacts:
        values = {"goal_id": uuid4(), "dimension": dimension, "stated_by": stated_by, "active_from": active_from}
        return intake.GoalFacts(**(values | more))

    def assessment(
        self, episode_id: UUID, participant_id: UUID, point: str, collected_on: date, **answers: Any
    ) -> UUID:
        facts = intake.AssessmentFacts(
            assessment_id=uuid4(),
            participant_id=participant_id,
            episode_id=episode_id,
            point=codes.AssessmentPoint(point),
            collected_on=collected_on,
            **answers,
        )
        return self.say(intake.ASSESSMENT_RECORDED, facts, facts.assessment_id)

    def disclosure(self, made_at: datetime, basis: str = "consent", basis_valid: bool = True, **more: Any) -> UUID:
        values: dict[str, Any] = {
            "disclosure_id": uuid4(),
            "participant_id": uuid4(),
            "basis": basis,
            "consent_id": uuid4() if basis == "consent" else None,
            "basis_valid": basis_valid,
            "made_at": made_at,
        }
        facts = intake.DisclosureFacts(**(values | more))
        return self.say(intake.DISCLOSURE_MADE, facts, facts.disclosure_id)

    def session(self, started: str | datetime, minutes: int = 45, seq: int = 1, **more: Any) -> UUID:
        """A delivered, signed, complete session; `started` is the agency's wall clock."""
        start = at(started) if isinstance(started, str) else started
        values: dict[str, Any] = {
            "session_id": uuid4(),
            "participant_id": uuid4(),
            "episode_id": uuid4(),
            "program_id": self.program_id,
            "staff_id": self.staff_id,
            "modality": codes.Modality.ONE_ON_ONE_MENTORING,
            "format": codes.Format.INDIVIDUAL,
            "delivery_method": codes.DeliveryMethod.IN_PERSON,
            "service_code": "H0038",
            "activities": [codes.Activity.COACHING_MENTORING],
            "started_at": start,
            "ended_at": (start.astimezone(UTC) + timedelta(minutes=minutes)),
            "zone": ZONE,
            "service_date": start.astimezone(ZoneInfo(ZONE)).date(),
            "minutes": max(minutes, 0),
            "units": 3,
            "unit_method": codes.UnitMethod.MIDPOINT_8,
            "outcome": codes.Outcome.COMPLETED,
            "status": codes.SessionStatus.SIGNED,
            "signed_at": start.astimezone(UTC) + timedelta(minutes=max(minutes, 0) + 5),
            "recorded_at": start,
        }
        facts = session_logging.SessionFacts(**(values | more))
        return self.say(session_logging.SESSION_RECORDED, facts, facts.session_id, seq)

    def group(self, started: str, size: int, minutes: int = 60, **more: Any) -> UUID:
        values: dict[str, Any] = {
            "group_id": uuid4(),
            "program_id": self.program_id,
            "staff_id": self.staff_id,
            "started_at": at(started),
            "ended_at": at(started) + timedelta(minutes=minutes),
            "size": size,
        }
        facts = session_logging.GroupFacts(**(values | more))
        return self.say(session_logging.GROUP_HELD, facts, facts.group_id)

    async def apply(self) -> None:
        """Apply what was said, one batch for each reaction."""
        batches: dict[Any, list[CloudEvent[Any]]] = {}
        for fact, one in self.pending:
            batches.setdefault(REACTIONS[fact], []).append(one)
        self.pending.clear()
        async with transaction(self.worker, SERVICE.tables, Scope(self.agency_id, None, uuid7())) as db:
            for reaction, events in batches.items():
                await reaction(db, events)

    async def ask(
        self, measure_id: str, start: date = QUARTER[0], end: date = QUARTER[1], as_of: datetime | None = None
    ) -> Any:
        """Return one measure's result and its units: unit id → in the numerator, or None where it cannot be told."""
        await self.apply()
        measure = next(one for one in MEASURES if one.id == measure_id)
        request = reports.CompleteReport(period_start=start, period_end=end)
        async with transaction(self.api, SERVICE.tables, Scope(self.agency_id, None, uuid7())) as db:
            agency = await db.get(FactAgency, (self.agency_id, self.agency_id))
            assert agency is not None
            standing = await reports.regimes_of(db)
            values = reports.values_of(agency, request, uuid7(), as_of or db.now, standing)
            owners = await reports.owners_of(db, request)
            judging = reports.judging(measure, standing, owners, request)
            result = await reports.measured(db, measure, values, judging)
            units = await db.execute(
                text("select unit_id, in_numerator from report_unit where report_id = :report"),
                {"report": values["report"]},
            )
            return result, {row.unit_id: row.in_numerator for row in units}

    async def tell_overdue_notes(self) -> int:
        await self.apply()
        async with transaction(self.worker, SERVICE.tables, Scope(self.agency_id, None, uuid7())) as db:
            return await overdue.tell_overdue_notes(db)


@dataclass
class Engines:
    worker: AsyncEngine
    api: AsyncEngine


@pytest_asyncio.fixture(scope="session")
async def engines(platform: Platform) -> AsyncGenerator[Engines]:
    """The service's own roles: row-level security binds the tests too."""
    entry = next(one for one in platform.services if one.service.name == SERVICE.name)
    made = [
        make_engine(
            settings_of(entry, role, platform.addresses, platform.secrets).database_url.get_secret_value(),
            pool_size=2,
            name="tests",
        )
        for role in ("worker", "api")
    ]
    yield Engines(*made)
    for engine in made:
        await engine.dispose()


@pytest_asyncio.fixture
async def books(engines: Engines) -> Books:
    """An agency that exists in the projections alone."""
    return Books(engines.worker, engines.api)


@pytest_asyncio.fixture
async def many_books(engines: Engines) -> Any:
    """A maker of agencies, for tests that need a fresh one for every example."""
    return lambda: Books(engines.worker, engines.api)


@pytest_asyncio.fixture
async def own_books(engines: Engines, administrator: Caller, platform: Platform) -> Books:
    """The facts of an agency that has a signed-in administrator; its settings arrived by event."""
    assert administrator.agency_id is not None
    await platform.eventually(
        "select count(*) from compliance_reporting.fact_agency where agency_id = :agency",
        1,
        agency=administrator.agency_id,
    )
    return Books(engines.worker, engines.api, administrator.agency_id)


@pytest_asyncio.fixture
async def publish(platform: Platform) -> AsyncGenerator[Any]:
    """Publish events to the bus as their services would."""
    client = await nats.connect(platform.addresses.nats_url("admin", platform.secrets["NATS_ADMIN_PASSWORD"]))

    async def send(*events: CloudEvent[Any]) -> None:
        for one in events:
            await client.request(
                one.type, one.model_dump_json().encode(), headers={"Nats-Msg-Id": str(one.id)}, timeout=5
            )

    yield send
    await client.close()
