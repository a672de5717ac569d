"""A platform of its own that texts through a Twilio and mails through a server, and people whom it may write to."""

import asyncio
import email
import email.policy
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from itertools import count
from typing import Any
from uuid import UUID, uuid4

import httpx
import nats
import pytest
import pytest_asyncio
from aiosmtpd.controller import Controller
from sqlalchemy import text
from uuid_utils.compat import uuid7

from common.contracts.session_codes import AppointmentStatus, ReminderIntent
from common.contracts.session_logging import APPOINTMENT_SCHEDULED, AppointmentFacts
from common.database import Scope, event_row, transaction
from common.streams import provision
from handrail.catalog import entries
from handrail.providers import ACCOUNT, KEY, KEY_SECRET, OURS, TOKEN, Twilio, serving_provider
from handrail.testing import Caller, Platform, add_staff, client, open_agency, reachable, running_platform
from notification.app import SERVICE
from notification.commands.intents import intent, store
from notification.models import TABLES
from notification.rules.messages import Audience, Purpose

INTAKE, NOTICES = "/api/intake/v1", "/api/notification/v1"
DAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
ALWAYS = [{"days": DAYS, "from": "00:00", "to": "00:00"}]
NUMBERS = count(2025550100)


@dataclass
class Mailbox:
    letters: list[tuple[str, EmailMessage]] = field(default_factory=list)

    async def handle_DATA(self, _: Any, __: Any, envelope: Any) -> str:
        letter = email.message_from_bytes(envelope.original_content, policy=email.policy.default)
        self.letters += [(to, letter) for to in envelope.rcpt_tos]
        return "250 kept"

    def to(self, address: str) -> list[EmailMessage]:
        return [letter for to, letter in self.letters if to == address]


@dataclass
class Street:
    """An agency with a peer, the people it serves, and what left for them."""

    platform: Platform
    http: httpx.AsyncClient
    administrator: Caller
    supervisor: Caller
    peer: Caller
    program_id: UUID
    twilio: Twilio
    mail: Mailbox
    bus: nats.NATS

    @property
    def agency_id(self) -> UUID:
        assert self.administrator.agency_id is not None
        return self.administrator.agency_id

    async def person(self, **terms: Any) -> UUID:
        """Enrol somebody whom the peer serves, who may be reached so at any hour unless `terms` say else."""
        participant_id = await self.made(self.peer, f"{INTAKE}/participants", {"name": f"Una {uuid4().hex}"})
        about = {"participant_id": str(participant_id)}
        notice = {"version": "2026-02", "language": "en", "channel": "paper"}
        await self.made(self.supervisor, f"{INTAKE}/participants/{participant_id}/notices", notice)
        opening = about | {"program_id": str(self.program_id), "opened_on": "2026-11-01"}
        episode_id = await self.made(self.supervisor, f"{INTAKE}/episodes", opening)
        assignment = about | {"episode_id": str(episode_id), "staff_id": str(self.peer.staff_id)}
        await self.made(self.supervisor, f"{INTAKE}/assignments", assignment | {"valid_from": "2026-11-01"})
        contact: dict[str, Any] = {"may_text": True, "safe_hours": ALWAYS} | terms
        kept = await self.peer.put(f"{INTAKE}/participants/{participant_id}/safe-contact", contact, version=0)
        assert kept.is_success, kept.text
        heard = "select count(*) from notification.assignment where participant_id = :id"
        await self.platform.eventually(heard, 1, id=participant_id)
        return participant_id

    async def texted(self, *, agreed: bool = True, **terms: Any) -> tuple[UUID, str]:
        """Enrol somebody with a number of their own, who agreed to texts about appointments and check-ins."""
        number = f"+1{next(NUMBERS)}"
        participant_id = await self.person(**({"channels": [{"kind": "sms", "value": number}]} | terms))
        if agreed:
            assert (await self.agrees(participant_id, "sms", number)).status_code == 201
        return participant_id, number

    async def agrees(
        self, participant_id: UUID, channel: str, address: str, *purposes: str, **more: Any
    ) -> httpx.Response:
        body = {
            "channel": channel,
            "address": address,
            "purposes": list(purposes or ["appointment", "check_in"]),
            "shown": "We may write to you about what we planned. You can stop it at any time.",
            "source": "spoken",
        }
        return await self.peer.post(f"{NOTICES}/participants/{participant_id}/message-consents", body | more)

    async def say(
        self, participant_id: UUID, purpose: Purpose = Purpose.CHECK_IN, template: str = "appointment-changed"
    ) -> UUID:
        """Queue something for a person, as an event would."""
        scope = Scope(self.agency_id, None, uuid7())
        async with transaction(self.platform.admin, TABLES, scope) as db:
            row = intent(
                db,
                template,
                participant_id,
                uuid4().hex,
                db.now,
                None,
                audience=Audience.PARTICIPANT,
                purpose=purpose,
                values={"starts_at": "2026-12-01T21:05:00+00:00", "zone": "America/Chicago"},
            )
            await store(db, [row])
        found: UUID = row["id"]  # type: ignore[assignment]
        return found

    async def appoint(self, participant_id: UUID, starts_at: datetime) -> UUID:
        """Tell, as session-logging does, that a person is expected and wants to be reminded two hours before."""
        facts = AppointmentFacts(
            appointment_id=uuid4(),
            participant_id=participant_id,
            staff_id=self.peer.staff_id,
            starts_at=starts_at,
            ends_at=starts_at + timedelta(minutes=30),
            zone="America/Chicago",
            status=AppointmentStatus.SCHEDULED,
            reminders=[ReminderIntent.TWO_HOURS_BEFORE],
        )
        scope = Scope(self.agency_id, None, uuid7())
        row = event_row(
            APPOINTMENT_SCHEDULED, facts, about=facts.appointment_id, seq=1, scope=scope, now=datetime.now(UTC)
        )
        headers = {"Nats-Msg-Id": str(row["event_id"])}
        await self.bus.jetstream().publish(row["type"], row["payload"].encode(), headers=headers)
        return facts.appointment_id

    async def until(self, message_id: UUID, state: str, **columns: object) -> Any:
        """Wait until a message is so, and return its row."""
        await self.platform.eventually(
            "select state from notification.message where id = :id", state, id=message_id, seconds=20
        )
        for column, value in columns.items():
            await self.platform.eventually(
                f"select {column} from notification.message where id = :id", value, id=message_id
            )
        return (await self.platform.fetch("select * from notification.message where id = :id", id=message_id))[0]

    async def held(self, message_id: UUID, rule: str) -> datetime:
        """Wait until a rule keeps a message back; return until when."""
        row = await self.until(message_id, "queued", held_by=rule)
        found: datetime = row["next_attempt_at"]
        return found

    async def now_due(self, message_id: UUID) -> None:
        async with self.platform.admin.begin() as connection:
            await connection.execute(
                text("update notification.due set at = clock_timestamp() where message_id = :id"), {"id": message_id}
            )

    async def made(self, caller: Caller, path: str, body: dict[str, Any]) -> UUID:
        """POST until what the body refers to has been heard of."""
        for _ in range(200):
            answer = await caller.post(path, body)
            if answer.status_code not in (404, 422, 503):
                break
            await asyncio.sleep(0.05)
        assert answer.status_code == 201, answer.text
        return UUID(answer.json()["id"])


def texting_through(twilio: Twilio) -> dict[str, str]:
    return {
        "TWILIO_ACCOUNT_SID": ACCOUNT,
        "TWILIO_KEY_SID": KEY,
        "TWILIO_KEY_SECRET": KEY_SECRET,
        "TWILIO_AUTH_TOKEN": TOKEN,
        "TWILIO_SENDER": OURS,
        "TWILIO_URL": twilio.url,
    }


@pytest_asyncio.fixture(scope="session")
async def street(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Street]:
    folder, twilio, mail = reachable(tmp_path_factory.mktemp("street")), Twilio(), Mailbox()
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(serving_provider(twilio))
        services = entries(("workforce", "intake", "notification"))
        with pytest.MonkeyPatch.context() as environment:  # only while this platform starts, not for any after it
            for name, value in texting_through(twilio).items():
                environment.setenv(f"HANDRAIL_{name}", value)
            platform = await stack.enter_async_context(running_platform(folder, services))
        host, _, port = platform.addresses.smtp.partition(":")
        server = Controller(mail, hostname=host, port=int(port))
        server.start()
        stack.callback(server.stop)
        http = await stack.enter_async_context(client(platform))
        administrator = await open_agency(http, platform)
        peer, supervisor = await add_staff(administrator, "peer"), await add_staff(administrator, "supervisor")
        program = {"name": "Center", "opened_on": "2025-01-01", "required_specialty": "substance_use"}
        program_id = await administrator.created("/api/workforce/v1/programs", program)
        credential = {
            "staff_id": str(peer.staff_id),
            "credential_type": "certified_peer_specialist",
            "specialty": "substance_use",
            "issuer": "Board",
            "valid_from": "2025-01-01",
            "valid_to": "2099-12-31",
        }
        await administrator.created("/api/workforce/v1/credentials", credential)
        bus = await nats.connect(platform.addresses.nats_url("admin", platform.secrets["NATS_ADMIN_PASSWORD"]))
        stack.push_async_callback(bus.close)
        await provision(bus, [hearing.publisher for hearing in SERVICE.hearings], SERVICE.hearings)
        yield Street(platform, http, administrator, supervisor, peer, program_id, twilio, mail, bus)
