"""A person whose name, number and words are searched for wherever the platform writes or sends: found nowhere."""

import asyncio
import base64
import email
import email.policy
import hashlib
import io
import logging
import sys
import uuid
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import UUID
from zoneinfo import ZoneInfo

import nats
import pytest
import pytest_asyncio
from aiosmtpd.controller import Controller

from common.telemetry import configure_logs
from handrail.demo.agency import consent
from handrail.providers import ACCOUNT, KEY, KEY_SECRET, OURS, TOKEN, Twilio, serving_provider
from handrail.testing import Caller, Platform, add_staff, client, open_agency, reachable, running_platform

INTAKE, SESSIONS, NOTICES = "/api/intake/v1", "/api/session-logging/v1", "/api/notification/v1"
ZONE = ZoneInfo("America/Chicago")
NAME, ALIAS, NUMBER = "Zephyrine Quillfeather", "Brambleoriole", "+13125550187"
MAIL, HOME = "zq.kestrelmoor@example.test", "17 Kestrelmoor Lane"
WORDS = "lapwingcanary"  # in every free text that somebody writes about her
PERSONAL = (NAME, "Quillfeather", ALIAS, NUMBER, "3125550187", "312-555-0187", "(312) 555-0187", MAIL, HOME, WORDS)
WRITTEN = ("outbox", "ledger", "audit", "audit_pending", "idempotency", "inbox", "dead_letter")
ALWAYS = {"weekdays": list(range(7)), "begins": "00:00", "ends": "00:00", "valid_from": "2026-01-01"}
MEMBERS_NUMBER = "+13125550144"  # of a member of staff


def found(written: bytes) -> list[str]:
    """Return what of the person is in some bytes: as it is, in other cases, or in any usual coat."""
    low = written.lower()
    return [word for word in PERSONAL if any(coat in low or coat in written for coat in _coats(word))]


def _coats(word: str) -> set[bytes]:
    plain = word.encode()
    # The ends of base64 depend on the neighbours, so each of the three alignments is searched for by its middle.
    coded = {base64.b64encode(b"\0" * shift + plain)[(shift and 4) : -4] for shift in range(3)}
    digests = {hashlib.sha256(one).hexdigest().encode() for one in (plain, plain.lower())}
    wide = plain.lower().decode().encode("utf-16-le")
    return {plain.lower(), plain.hex().encode(), quote(word).lower().encode(), wide} | digests | coded


@pytest.mark.parametrize(
    "coat",
    [
        f'{{"name":"{NAME}"}}'.encode(),
        NAME.upper().encode(),
        base64.b64encode(b"To: " + NAME.encode() + b" and more"),
        base64.b64encode(b"a" + NAME.encode() + b"z"),
        base64.b64encode(b"ab" + NAME.encode() + b"z"),
        b"\\x" + NAME.encode().hex().encode(),
        b"/v1/people?name=" + quote(NAME).encode(),
        hashlib.sha256(NAME.encode()).hexdigest().encode(),
        NAME.lower().encode("utf-16-le"),
    ],
)
def test_the_search_finds_somebody_in_any_coat(coat: bytes) -> None:
    assert NAME in found(b"before " + coat + b" after")
    assert found(b"somebody else") == []


@dataclass
class Mailbox:
    letters: list[bytes] = field(default_factory=list)

    async def handle_DATA(self, _: Any, __: Any, envelope: Any) -> str:
        self.letters.append(b"\r\n".join([*(to.encode() for to in envelope.rcpt_tos), envelope.original_content]))
        return "250 kept"

    def read(self) -> bytes:
        """Return every letter as it came, and once more with its parts decoded."""
        parts = []
        for letter in self.letters:
            message = email.message_from_bytes(letter.partition(b"\r\n")[2], policy=email.policy.default)
            parts += [letter, *(str(value).encode() for value in message.values())]
            parts += [one.get_payload(decode=True) or b"" for one in message.walk() if not one.is_multipart()]  # type: ignore[misc]
        return b"\n".join(parts)


@dataclass
class Traces:
    """All that a platform left behind, by the place where it was found."""

    places: dict[str, bytes]
    participant_id: UUID
    shown: str


@contextmanager
def everything_logged() -> Iterator[io.StringIO]:
    """Write every log line, also the finest, where it can be read."""
    written, stderr, handlers = io.StringIO(), sys.stderr, list(logging.root.handlers)
    sys.stderr = written
    logging.root.handlers.clear()
    try:
        configure_logs("DEBUG")
        yield written
    finally:
        sys.stderr = stderr
        logging.root.handlers[:] = handlers
        configure_logs("ERROR")


@pytest_asyncio.fixture(scope="module")
async def traces(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Traces]:
    """What a platform of its own left behind after a working day around the person."""
    folder = reachable(tmp_path_factory.mktemp("canary"))
    box, heard, twilio = Mailbox(), list[bytes](), Twilio()
    async with serving_provider(twilio):
        with pytest.MonkeyPatch.context() as environment, everything_logged() as logged:
            for name, value in texts_through(twilio).items():
                environment.setenv(f"HANDRAIL_{name}", value)
            async with running_platform(folder) as platform, client(platform) as http:
                server = serving_mail(platform, box)
                bus = await overhearing(platform, heard)
                shown, participant_id = await working_day(platform, http)
                await until_sent(platform)
                places = await written(platform) | {"streams": await kept(bus)}
                await bus.close()
                server.stop()
            places |= files(folder)
    places |= {
        "bus as it went": b"\n".join(heard),
        "log lines": logged.getvalue().encode(),
        "e-mail": box.read(),
        "sms": b"\n".join(one.target.encode() + one.body for one in twilio.asked),
    }
    yield Traces(places, participant_id, shown)


def texts_through(twilio: Twilio) -> dict[str, str]:
    return {
        "TWILIO_ACCOUNT_SID": ACCOUNT,
        "TWILIO_KEY_SID": KEY,
        "TWILIO_KEY_SECRET": KEY_SECRET,
        "TWILIO_AUTH_TOKEN": TOKEN,
        "TWILIO_SENDER": OURS,
        "TWILIO_URL": twilio.url,
    }


def serving_mail(platform: Platform, box: Mailbox) -> Any:
    host, _, port = platform.addresses.smtp.partition(":")
    server = Controller(box, hostname=host, port=int(port))
    server.start()
    return server


async def overhearing(platform: Platform, heard: list[bytes]) -> Any:
    """Hear every message on the bus: subject, headers and body."""

    async def keep(message: Any) -> None:
        heard.append(f"{message.subject} {message.headers}".encode() + message.data)

    bus = await nats.connect(platform.addresses.nats_url("admin", platform.secrets["NATS_ADMIN_PASSWORD"]))
    await bus.subscribe(">", cb=keep)
    await bus.flush()
    return bus


async def kept(bus: Any) -> bytes:
    """Return every message of every stream: subject, headers and body. On the disk they are encrypted."""
    stream, messages = bus.jetstream(), []
    for info in await stream.streams_info():
        for seq in range(max(info.state.first_seq, 1), info.state.last_seq + 1):
            message = await stream.get_msg(info.config.name, seq)
            messages.append(f"{message.subject} {message.headers}".encode() + message.data)
    return b"\n".join(messages)


async def made(caller: Caller, path: str, body: dict[str, Any]) -> UUID:
    """POST until what the body refers to has been heard of."""
    for _ in range(200):
        answer = await caller.post(path, body)
        if answer.status_code not in (404, 422, 503):
            break
        await asyncio.sleep(0.05)
    assert answer.status_code == 201, answer.text
    return UUID(answer.json()["id"])


async def working_day(platform: Platform, http: Any) -> tuple[str, UUID]:
    """Have her enrolled, served, written about and worried about; return what her peer reads, and her id."""
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
    await supervisor.post(f"{NOTICES}/devices/numbers", {"number": MEMBERS_NUMBER})
    await made(administrator, f"{NOTICES}/duties", ALWAYS | {"staff_id": str(supervisor.staff_id)})
    who = {"name": NAME, "alias": ALIAS, "phone": NUMBER, "email": MAIL, "address": HOME}
    participant_id = await made(peer, f"{INTAKE}/participants", who)
    episode_id = await served(supervisor, peer, participant_id, program_id)
    await written_about(peer, participant_id, episode_id)
    await worried_about(supervisor, participant_id)
    await refused(peer, participant_id)
    await broken_event(platform)
    answer = await peer.get(f"{INTAKE}/participants/{participant_id}")
    return answer.text, participant_id


async def served(supervisor: Caller, peer: Caller, participant_id: UUID, program_id: UUID) -> UUID:
    """Enrol her in a program and give her a peer, who is told of it."""
    about, today = {"participant_id": str(participant_id)}, datetime.now(ZONE).date().isoformat()
    notice = {"version": "2026-02", "language": "en", "channel": "paper"}
    await made(supervisor, f"{INTAKE}/participants/{participant_id}/notices", notice)
    opening = about | {"program_id": str(program_id), "opened_on": today}
    episode_id = await made(supervisor, f"{INTAKE}/episodes", opening)
    assignment = about | {"episode_id": str(episode_id), "staff_id": str(peer.staff_id), "valid_from": today}
    await made(supervisor, f"{INTAKE}/assignments", assignment)
    return episode_id


async def written_about(peer: Caller, participant_id: UUID, episode_id: UUID) -> None:
    """Write everything that has words: how to reach her, a plan, a note, a to-do, an appointment, a consent."""
    about, now = {"participant_id": str(participant_id)}, datetime.now(UTC)
    today = datetime.now(ZONE).date().isoformat()
    contact = {
        "channels": [{"kind": "phone", "value": NUMBER}, {"kind": "email", "value": MAIL}],
        "may_text": True,
        "code_name_person": ALIAS,
        "note": WORDS,
    }
    kept = await peer.put(f"{INTAKE}/participants/{participant_id}/safe-contact", contact, version=0)
    assert kept.is_success, kept.text
    goal = {"dimension": "home", "stated_by": "participant", "words": WORDS, "active_from": today}
    plan = {
        "episode_id": str(episode_id),
        "goals": [goal],
        "declined_dimensions": ["health", "purpose", "community"],
    }
    goal_ids = (await peer.post(f"{INTAKE}/plans", plan)).json()["goal_ids"]
    session = about | {
        "episode_id": str(episode_id),
        "modality": "one_on_one_mentoring",
        "delivery_method": "in_person",
        "location": "recovery_center",
        "service_code": "H0038",
        "activities": ["coaching_mentoring"],
        "started_at": now.isoformat(),
        "ended_at": now.isoformat(),
        "goal_ids": goal_ids,
        "outcome": "completed",
        "note": {"summary": f"{NAME}: {WORDS}.", "progress": WORDS, "response": WORDS, "events": WORDS},
    }
    session |= {"started_at": (now - timedelta(minutes=2)).isoformat()}
    await made(peer, f"{SESSIONS}/sessions", session)
    await made(peer, f"{SESSIONS}/tasks", about | {"kind": "call", "due_on": today, "words": f"{NAME} {WORDS}"})
    starts = now.replace(second=0, microsecond=0) + timedelta(hours=30)
    appointment = about | {
        "starts_at": starts.isoformat(),
        "ends_at": (starts + timedelta(minutes=30)).isoformat(),
        "modality": "one_on_one_mentoring",
        "location": "community",
        "place": HOME,
        "purpose": WORDS,
        "reminders": ["day_before", "two_hours_before"],
    }
    await made(peer, f"{SESSIONS}/appointments", appointment)
    terms = consent(NAME, (now - timedelta(minutes=1)).isoformat())
    await made(peer, f"{INTAKE}/consents", about | terms)


async def worried_about(supervisor: Caller, participant_id: UUID) -> None:
    """Raise a safety concern, which is paged."""
    concern = {"participant_id": str(participant_id), "source": "disclosed", "note": f"{NAME}: {WORDS}"}
    answer = await supervisor.post(f"{INTAKE}/safety-concerns", concern)
    assert answer.status_code == 201, answer.text


async def refused(peer: Caller, participant_id: UUID) -> None:
    """Ask for what is refused, with her words where they do not belong."""
    nonsense: list[tuple[str, dict[str, Any]]] = [
        (f"{INTAKE}/participants", {"name": NAME, WORDS: NUMBER}),
        (f"{SESSIONS}/tasks", {"participant_id": NAME, "kind": WORDS, "due_on": NUMBER, "words": WORDS}),
        (f"{INTAKE}/safety-concerns", {"participant_id": str(uuid.uuid4()), "source": "disclosed", "note": WORDS}),
        (f"{NOTICES}/devices/numbers", {"number": f"{NUMBER} {NAME}"}),
    ]
    for path, body in nonsense:
        answer = await peer.post(path, body)
        assert 400 <= answer.status_code < 500, answer.text
        # The name of an unknown field is told to whoever sent it, and to nobody else.
        assert set(found(answer.content)) <= {WORDS}, path


async def broken_event(platform: Platform) -> None:
    """Have a dead letter, so that there is one to look into."""
    bus = await nats.connect(platform.addresses.nats_url("admin", platform.secrets["NATS_ADMIN_PASSWORD"]))
    headers = {"Nats-Msg-Id": str(uuid.uuid4())}
    await bus.jetstream().publish("handrail.intake.peer-assigned.v1", b"broken", headers=headers)
    await bus.close()
    await platform.eventually("select count(*) from notification.dead_letter", 1)


async def until_sent(platform: Platform) -> None:
    """Wait for what leaves at once: the news of the assignment and the page."""
    for template in ("assignment", "safety-page"):
        sent = "select count(*) > 0 from notification.message where template = :name and state = 'sent'"
        await platform.eventually(sent, True, 60, name=template)
    for entry in platform.services:
        waiting = f"select count(*) from {entry.service.schema}.outbox"
        await platform.eventually(waiting, 0, 60)


async def written(platform: Platform) -> dict[str, bytes]:
    """Return the rows that hold events, audit and answers in every service, all of notification, and the traces."""
    places = {"traces": "\n".join(span.to_json() for span in platform.spans.get_finished_spans()).encode()}
    for entry in platform.services:
        schema = entry.service.schema
        for table in WRITTEN:
            places[f"{schema}.{table}"] = await rows(platform, schema, table)
    tables = await platform.fetch("select tablename from pg_tables where schemaname = 'notification'")
    for row in tables:
        places[f"notification.{row['tablename']}"] = await rows(platform, "notification", row["tablename"])
    return places


async def rows(platform: Platform, schema: str, table: str) -> bytes:
    answer = await platform.fetch(f"select t::text as row from {schema}.{table} t")
    payloads = await platform.fetch(
        "select column_name from information_schema.columns "
        "where table_schema = :s and table_name = :t and data_type = 'bytea'",
        s=schema,
        t=table,
    )
    for column in payloads:
        name = column["column_name"]
        answer += await platform.fetch(f"select encode({name}, 'escape') as row from {schema}.{table}")
    return "\n".join(row["row"] or "" for row in answer).encode()


def files(folder: Path) -> dict[str, bytes]:
    """Return what the bus and the database wrote beside the tables: the streams' files and the servers' logs."""
    logs = {f"{name}.log": (folder / f"{name}.log").read_bytes() for name in ("postgres", "nats")}
    streams = b"\n".join(file.read_bytes() for file in sorted((folder / "nats").rglob("*")) if file.is_file())
    return logs | {"streams on disk": streams}


async def test_she_is_named_nowhere(traces: Traces) -> None:
    leaks = {place: words for place, content in traces.places.items() if (words := found(content))}

    assert leaks == {}


async def test_the_search_looked_where_something_is(traces: Traces) -> None:
    her = str(traces.participant_id).encode()

    assert set(found(traces.shown.encode())) >= {NAME, ALIAS, NUMBER}
    for place in ("bus as it went", "streams", "intake.ledger", "notification.assignment"):
        assert her in traces.places[place], place
    for place in ("traces", "log lines", "e-mail", "postgres.log", "nats.log", "notification.dead_letter"):
        assert traces.places[place], place
    assert b"Nats-Msg-Id" in traces.places["bus as it went"]
    assert b"message_tried" in traces.places["log lines"]
    assert b"A safety alert needs you" in traces.places["e-mail"]
