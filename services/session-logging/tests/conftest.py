"""A small practice to test sessions in: a program, people enrolled by intake's facts, and who serves them.

Intake's facts are published as intake would, straight to the bus, so that these tests need no other service.
"""

import asyncio
import uuid
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import nats
import pytest
import pytest_asyncio
from nats.aio.client import Client
from uuid_utils.compat import uuid7

from common.contracts import intake
from common.contracts.codes import AgeBand, AgreementKind, Dimension, Sex, StatedBy
from common.contracts.envelope import Fact, Facts
from common.streams import provision
from handrail.testing import Caller, Platform, add_staff, open_agency
from session_logging.app import SERVICE

SESSIONS = "/api/session-logging/v1/sessions"


@pytest_asyncio.fixture(scope="session")
async def bus(platform: Platform) -> AsyncGenerator[Client]:
    """The bus as its operator sees it, with intake's stream made if intake itself does not run."""
    client = await nats.connect(platform.addresses.nats_url("admin", platform.secrets["NATS_ADMIN_PASSWORD"]))
    await provision(client, ["intake"], SERVICE.hearings)
    yield client
    await client.close()


@dataclass
class Person:
    """Somebody enrolled: one episode, one plan with one goal, one assignment."""

    participant_id: UUID = field(default_factory=uuid.uuid4)
    episode_id: UUID = field(default_factory=uuid.uuid4)
    goal_id: UUID = field(default_factory=uuid.uuid4)
    assignment_id: UUID = field(default_factory=uuid.uuid4)
    notice_id: UUID = field(default_factory=uuid.uuid4)


@dataclass
class Practice:
    """An agency with one program and one peer."""

    platform: Platform
    bus: Client
    administrator: Caller
    peer: Caller
    program_id: UUID

    async def tell(self, fact: Fact, facts: Facts, *, about: UUID, seq: int = 1) -> None:
        """Publish a fact as its service's relay would."""
        event = fact.envelope(
            id=uuid7(), source=f"/{fact.service}", type=fact.type, subject=about,
            agencyid=self.administrator.agency_id, aggregateseq=seq, data=facts,
        )  # fmt: skip
        await self.bus.jetstream().publish(
            fact.type, event.model_dump_json().encode(), headers={"Nats-Msg-Id": str(event.id)}
        )

    async def enrol(self, peer: Caller | None = None, *, notice: bool = True) -> Person:
        """Enrol somebody, with a plan of one goal, and assign them to `peer`; return when it has been heard.

        `notice`: they were given the privacy notice, so that their sessions may be signed.
        """
        return (await self.enrol_many(1, peer, notice=notice))[0]

    async def enrol_many(self, count: int, peer: Caller | None = None, *, notice: bool = True) -> list[Person]:
        people = [Person() for _ in range(count)]
        await asyncio.gather(*(self._enrol(person, peer or self.peer) for person in people))
        if notice:
            await asyncio.gather(*(self.give_notice(person) for person in people))
            await self.heard("notice", [person.notice_id for person in people])
        await self.heard("assignment", [person.assignment_id for person in people])
        await self.heard("episode", [person.episode_id for person in people])
        await self.heard("goal", [person.goal_id for person in people])
        await self.heard("participant", [person.participant_id for person in people])
        return people

    async def audited_under(self, agreement_id: UUID, *, seq: int = 1, **changed: Any) -> None:
        """Tell of a written agreement with an auditor from outside; return when it has been heard."""
        values: dict[str, Any] = {
            "kind": AgreementKind.AUDIT_EVALUATION, "valid_from": date(2026, 1, 1), "valid_to": date(2199, 12, 31),
        }  # fmt: skip
        agreement = intake.AgreementFacts(agreement_id=agreement_id, **(values | changed))
        fact = intake.AGREEMENT_RECORDED if seq == 1 else intake.AGREEMENT_CHANGED
        await self.tell(fact, agreement, about=agreement_id, seq=seq)
        heard = "select count(*) from session_logging.agreement where id = :id and seq = :seq"
        await self.platform.eventually(heard, 1, id=agreement_id, seq=seq)

    async def heard(self, table: str, ids: list[UUID]) -> None:
        count = f"select count(*) from session_logging.{table} where id = any(:ids)"
        await self.platform.eventually(count, len(ids), ids=ids)

    async def _enrol(self, person: Person, peer: Caller) -> None:
        participant = intake.ParticipantFacts(
            participant_id=person.participant_id, age_band=AgeBand.FROM_25, sex=Sex.FEMALE,
            enrolled_at=datetime(2026, 1, 5, 15, tzinfo=UTC),
        )  # fmt: skip
        episode = intake.EpisodeFacts(
            episode_id=person.episode_id, participant_id=person.participant_id, program_id=self.program_id,
            opened_on=date(2026, 1, 5),
        )  # fmt: skip
        await self.tell(intake.PARTICIPANT_ENROLLED, participant, about=person.participant_id)
        await self.tell(intake.EPISODE_OPENED, episode, about=person.episode_id)
        await self.agree_plan(person)
        await self.assign(person, peer)

    async def give_notice(self, person: Person) -> None:
        given = intake.NoticeFacts(
            notice_id=person.notice_id, participant_id=person.participant_id, version="2026-02",
            given_at=datetime(2026, 1, 5, 15, tzinfo=UTC),
        )  # fmt: skip
        await self.tell(intake.NOTICE_GIVEN, given, about=person.notice_id)

    async def agree_plan(self, person: Person) -> None:
        goal = intake.GoalFacts(
            goal_id=person.goal_id, dimension=Dimension.HOME, stated_by=StatedBy.PARTICIPANT,
            active_from=date(2026, 1, 10),
        )  # fmt: skip
        plan = intake.PlanFacts(
            plan_id=uuid.uuid4(), participant_id=person.participant_id, episode_id=person.episode_id,
            agreed_at=datetime(2026, 1, 10, 15, tzinfo=UTC), goals=[goal],
        )  # fmt: skip
        await self.tell(intake.PLAN_AGREED, plan, about=plan.plan_id)

    async def assign(self, person: Person, peer: Caller, *, valid_to: date | None = None, seq: int = 1) -> None:
        assert peer.staff_id is not None
        assignment = intake.AssignmentFacts(
            assignment_id=person.assignment_id, participant_id=person.participant_id, episode_id=person.episode_id,
            program_id=self.program_id, staff_id=peer.staff_id, valid_from=date(2026, 1, 6), valid_to=valid_to,
        )  # fmt: skip
        fact = intake.PEER_ASSIGNED if seq == 1 else intake.PEER_UNASSIGNED
        await self.tell(fact, assignment, about=person.assignment_id, seq=seq)

    async def credential(self, valid_from: str = "2025-01-01", valid_to: str = "2027-12-31", **more: str) -> UUID:
        """Record a credential of the peer's; return its id when it has been heard."""
        body = {
            "staff_id": str(self.peer.staff_id), "credential_type": "certified_peer_specialist",
            "specialty": "substance_use", "issuer": "State board", "valid_from": valid_from, "valid_to": valid_to,
        }  # fmt: skip
        credential_id = await self.administrator.created("/api/workforce/v1/credentials", body | more)
        await self.heard("credential", [credential_id])
        return credential_id

    def session(self, person: Person, **changed: Any) -> dict[str, Any]:
        """Return the body of a complete session of 45 minutes, two hours ago."""
        ended_at = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(hours=2)
        body = {
            "participant_id": str(person.participant_id), "episode_id": str(person.episode_id),
            "modality": "one_on_one_mentoring", "delivery_method": "in_person", "location": "recovery_center",
            "service_code": "H0038", "activities": ["coaching_mentoring"], "goal_ids": [str(person.goal_id)],
            "started_at": (ended_at - timedelta(minutes=45)).isoformat(), "ended_at": ended_at.isoformat(),
            "outcome": "completed", "note": note(),
        }  # fmt: skip
        return {name: value for name, value in (body | changed).items() if value is not None}

    async def row(self, session_id: UUID) -> Any:
        rows = await self.platform.fetch("select * from session_logging.peer_session where id = :id", id=session_id)
        return rows[0]

    async def told(self, about: UUID) -> list[dict[str, Any]]:
        """Return the data of every event about an aggregate, oldest first, wherever the relay has put them."""
        rows = await self.platform.fetch(
            "select payload::jsonb as event from (select payload, aggregate_id, aggregate_seq from "
            "session_logging.outbox union all select payload, aggregate_id, aggregate_seq from session_logging.ledger) "
            "e where aggregate_id = :about order by aggregate_seq",
            about=about,
        )
        return [{"type": row["event"]["type"].split(".")[2]} | row["event"]["data"] for row in rows]

    async def rows_left(self) -> dict[str, int]:
        """Count what recording leaves behind in this agency."""
        agency = self.administrator.agency_id
        count = "select count(*) from session_logging.{} where agency_id = :agency"
        outbox = await self.platform.value(
            "select (select count(*) from session_logging.outbox where agency_id = :agency) + "
            "(select count(*) from session_logging.ledger where agency_id = :agency)",
            agency=agency,
        )
        audited = await self.platform.value(
            "select count(*) from (select action, agency_id from session_logging.audit_pending union all "
            "select action, agency_id from session_logging.audit) a "
            "where agency_id = :agency and action = 'session.record'",
            agency=agency,
        )
        return {
            "sessions": await self.platform.value(count.format("peer_session"), agency=agency),
            "answers": await self.platform.value(count.format("idempotency"), agency=agency),
            "events": outbox,
            "audited": audited,
        }


def note(**changed: Any) -> dict[str, Any]:
    """Return a complete note, full of words that must appear nowhere else."""
    words = {
        "summary": "canary-summary O'Brien and 李 walked to the clinic",
        "progress": "canary-progress two steps nearer to her own flat",
        "response": "canary-response said she felt heard",
        "events": "canary-events none",
        "next_step": "canary-next call on Tuesday",
    }
    return words | changed


OpenPractice = Callable[..., Awaitable[Practice]]


@pytest.fixture(scope="session")
def open_practice(platform: Platform, bus: Client, http: httpx.AsyncClient) -> OpenPractice:
    async def open_one(**program: Any) -> Practice:
        administrator = await open_agency(http, platform)
        body = {"name": "Recovery center", "opened_on": "2026-01-01"} | program
        program_id = await administrator.created("/api/workforce/v1/programs", body)
        peer = await add_staff(administrator, "peer")
        assert peer.staff_id is not None
        practice = Practice(platform, bus, administrator, peer, program_id)
        assert administrator.agency_id is not None
        await practice.heard("agency", [administrator.agency_id])
        await practice.heard("program", [program_id])
        await practice.heard("staff", [peer.staff_id])
        return practice

    return open_one


@pytest_asyncio.fixture
async def practice(open_practice: OpenPractice) -> Practice:
    """A practice of this test's own."""
    return await open_practice()


@pytest_asyncio.fixture(scope="session")
async def shared(open_practice: OpenPractice) -> Practice:
    """A practice for tests that bring their own people and count nothing: opening one takes a while."""
    return await open_practice()


@dataclass
class Colleagues:
    """Others who work in the shared practice."""

    peer: Caller
    supervisor: Caller
    auditor: Caller


@pytest_asyncio.fixture(scope="session")
async def colleagues(shared: Practice) -> Colleagues:
    added = [await add_staff(shared.administrator, role) for role in ("peer", "supervisor", "auditor")]
    await shared.heard("staff", [caller.staff_id for caller in added if caller.staff_id])
    await shared.audited_under(uuid.uuid4())
    return Colleagues(*added)
