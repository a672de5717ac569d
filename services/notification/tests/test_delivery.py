"""From a fact on the bus to a letter in a mailbox: once, whatever happens on the way."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import update
from structlog.testing import capture_logs

from common.contracts.codes import Activity, DeliveryMethod, Format, Modality, Outcome, SessionStatus, UnitMethod
from common.contracts.compliance_reporting import NOTE_OVERDUE, NoteOverdueFacts
from common.contracts.session_logging import SESSION_RECORDED, SESSION_SIGNED, SessionFacts
from common.telemetry import configure_logs
from handrail.testing import Platform
from notification.commands import deliveries
from notification.models import Due
from notification.rules.messages import Channel

START = datetime(2026, 3, 2, 15, tzinfo=UTC)


def overdue(staff_id: UUID, session_id: UUID | None = None) -> NoteOverdueFacts:
    return NoteOverdueFacts(session_id=session_id or uuid4(), staff_id=staff_id, due_at=START)


def session(session_id: UUID, staff_id: UUID, status: SessionStatus) -> SessionFacts:
    return SessionFacts(
        session_id=session_id,
        participant_id=uuid4(),
        episode_id=uuid4(),
        program_id=uuid4(),
        staff_id=staff_id,
        modality=Modality.ONE_ON_ONE_MENTORING,
        format=Format.INDIVIDUAL,
        delivery_method=DeliveryMethod.IN_PERSON,
        activities=[Activity.COACHING_MENTORING],
        started_at=START,
        ended_at=START + timedelta(minutes=30),
        zone="America/Chicago",
        service_date=date(2026, 3, 2),
        minutes=30,
        units=2,
        unit_method=UnitMethod.MIDPOINT_8,
        outcome=Outcome.COMPLETED,
        status=status,
        signed_at=START if status == SessionStatus.SIGNED else None,
        recorded_at=START,
    )


async def fall_due(bus: Any, workplace: Any, staff_id: UUID, session_id: UUID | None = None, seq: int = 1) -> UUID:
    facts = overdue(staff_id, session_id)
    await bus.tell(NOTE_OVERDUE, facts, workplace.agency_id, about=facts.session_id, seq=seq)
    return facts.session_id


async def tell_session(
    bus: Any, workplace: Any, platform: Platform, facts: SessionFacts, fact: Any = SESSION_SIGNED, seq: int = 2
) -> None:
    await bus.tell(fact, facts, workplace.agency_id, about=facts.session_id, seq=seq)
    await platform.eventually("select seq from notification.note_state where id = :id", seq, id=facts.session_id)


# --- assignments


@pytest.mark.parametrize(
    ("language", "subject"),
    [("en", "Handrail: there is something new for you"), ("es", "Handrail: hay algo nuevo para usted")],
)
async def test_a_new_assignment_is_told_to_the_peer_in_their_language(
    platform: Any, workplace: Any, bus: Any, mail: Any, language: str, subject: str
) -> None:
    peer, address = await workplace.hire(language=language)

    await bus.assign(workplace.agency_id, peer)
    await workplace.until(peer, "sent")

    (letter,) = mail.to(address)
    message = await workplace.message(peer)
    assert (letter["Subject"], letter["To"]) == (subject, address)
    assert letter["Message-ID"] == f"<{message['id']}@localhost>"
    assert platform.addresses.public_url.replace("127.0.0.1", "localhost") in letter.get_content()


async def test_an_event_told_again_and_again_sends_once(workplace: Any, bus: Any, mail: Any) -> None:
    peer, address = await workplace.hire()
    assignment_id = uuid4()

    row = await bus.assign(workplace.agency_id, peer, assignment_id=assignment_id)
    await bus.repeat(row)
    await bus.assign(workplace.agency_id, peer, assignment_id=assignment_id)
    await bus.repeat(row)
    await bus.assign(workplace.agency_id, peer)
    await workplace.until(peer, "sent", "sent")

    assert len(mail.to(address)) == 2


async def test_imported_and_old_assignments_send_nothing(
    workplace: Any, bus: Any, mail: Any, platform: Platform
) -> None:
    peer, address = await workplace.hire()
    long_ago = datetime.now(UTC) - timedelta(days=8)

    await bus.assign(workplace.agency_id, peer, imported=True)
    await bus.assign(workplace.agency_id, peer, at=long_ago)
    await bus.assign(workplace.agency_id, peer)
    await workplace.until(peer, "sent")

    assert len(mail.to(address)) == 1


async def test_whoever_left_is_not_written_to(workplace: Any, bus: Any, mail: Any, platform: Platform) -> None:
    peer, address = await workplace.hire()
    left = await workplace.administrator.put(
        f"/api/workforce/v1/staff/{peer}/departure", {"last_day": "2020-01-02"}, version=1
    )
    assert left.status_code == 200
    await platform.eventually("select employed_to from notification.staff where id = :id", date(2020, 1, 2), id=peer)

    await bus.assign(workplace.agency_id, peer)
    await workplace.until(peer, "cancelled")

    assert (await workplace.message(peer))["last_error"] == "recipient-left"
    assert mail.to(address) == []


async def test_somebody_whom_workforce_does_not_know_is_a_failure(workplace: Any, bus: Any) -> None:
    stranger = uuid4()

    await bus.assign(workplace.agency_id, stranger)
    await workplace.until(stranger, "failed")

    assert (await workplace.message(stranger))["last_error"] == "recipient-unknown"


# --- reminders and digests


async def test_a_note_overdue_is_told_to_the_peer_once(workplace: Any, bus: Any, mail: Any) -> None:
    peer, address = await workplace.hire()

    note = await fall_due(bus, workplace, peer)
    await fall_due(bus, workplace, peer, note)
    await fall_due(bus, workplace, peer, note, seq=2)
    await workplace.until(peer, "queued")
    await workplace.let_time_pass(peer)
    await workplace.until(peer, "sent")

    (letter,) = mail.to(address)
    assert letter["Subject"] == "Handrail: something is waiting for you"


@pytest.mark.parametrize("status", [SessionStatus.SIGNED, SessionStatus.VOIDED])
async def test_a_note_done_before_its_reminder_left_is_not_reminded(
    workplace: Any, bus: Any, mail: Any, platform: Platform, status: SessionStatus
) -> None:
    peer, address = await workplace.hire()

    note = await fall_due(bus, workplace, peer)
    await tell_session(bus, workplace, platform, session(note, peer, status))
    await workplace.let_time_pass(peer)
    await workplace.until(peer, "cancelled")

    assert (await workplace.message(peer))["last_error"] == "note-settled"
    assert mail.to(address) == []


async def test_a_signature_that_arrives_before_the_deadline_event_counts_too(
    workplace: Any, bus: Any, platform: Platform
) -> None:
    peer, _ = await workplace.hire()
    note = uuid4()
    await tell_session(bus, workplace, platform, session(note, peer, SessionStatus.SIGNED), seq=3)
    late = session(note, peer, SessionStatus.DRAFT)

    await bus.tell(SESSION_RECORDED, late, workplace.agency_id, about=note, seq=1)
    await fall_due(bus, workplace, peer, note)
    await workplace.until(peer, "queued")
    await workplace.let_time_pass(peer)
    await workplace.until(peer, "cancelled")


async def test_a_supervisor_gets_one_digest_that_counts_what_is_open_when_it_leaves(
    own_workplace: Any, bus: Any, mail: Any, platform: Platform
) -> None:
    supervisor, address = await own_workplace.hire("supervisor")
    first, _ = await own_workplace.hire()
    second, _ = await own_workplace.hire()
    elsewhere, _ = await own_workplace.hire()
    await own_workplace.supervise(first, supervisor)
    await own_workplace.supervise(second, supervisor)

    notes = [await fall_due(bus, own_workplace, peer) for peer in (first, first, second, second, elsewhere)]
    await platform.eventually(
        "select count(*) from notification.overdue_note where agency_id = :id", 5, id=own_workplace.agency_id
    )
    await tell_session(bus, own_workplace, platform, session(notes[0], first, SessionStatus.SIGNED))
    await own_workplace.until(supervisor, "queued")
    await own_workplace.let_time_pass(supervisor)
    await own_workplace.until(supervisor, "sent")

    (letter,) = mail.to(address)
    assert letter["Subject"] == "Handrail: 3 things are waiting"


async def test_after_the_digest_left_new_notes_wait_for_tomorrows(
    workplace: Any, bus: Any, mail: Any, platform: Platform
) -> None:
    supervisor, address = await workplace.hire("supervisor")
    peer, _ = await workplace.hire()
    await workplace.supervise(peer, supervisor)
    known = await fall_due(bus, workplace, peer)
    await workplace.until(supervisor, "queued")
    await workplace.let_time_pass(supervisor)
    await workplace.until(supervisor, "sent")

    await fall_due(bus, workplace, peer, known)
    await fall_due(bus, workplace, peer)
    await fall_due(bus, workplace, peer)
    await workplace.until(supervisor, "sent", "queued")
    tomorrow = await workplace.message(supervisor)
    await workplace.let_time_pass(supervisor)
    await workplace.until(supervisor, "sent", "cancelled")

    assert tomorrow["not_before"] - datetime.now(UTC) > timedelta(hours=6)
    assert (await workplace.message(supervisor))["last_error"] == "told-that-day"
    assert len(mail.to(address)) == 1


async def test_a_digest_with_nothing_left_to_count_is_not_sent(
    workplace: Any, bus: Any, mail: Any, platform: Platform
) -> None:
    supervisor, address = await workplace.hire("supervisor")
    peer, _ = await workplace.hire()
    await workplace.supervise(peer, supervisor)

    note = await fall_due(bus, workplace, peer)
    await workplace.until(supervisor, "queued")
    await tell_session(bus, workplace, platform, session(note, peer, SessionStatus.SIGNED))
    await workplace.let_time_pass(supervisor)
    await workplace.until(supervisor, "cancelled")

    assert mail.to(address) == []


async def test_a_supervisor_assigned_after_the_note_fell_due_is_told(
    workplace: Any, bus: Any, mail: Any, platform: Platform
) -> None:
    supervisor, address = await workplace.hire("supervisor")
    peer, _ = await workplace.hire()

    await fall_due(bus, workplace, peer)
    await workplace.until(peer, "queued")
    await workplace.supervise(peer, supervisor)
    await workplace.until(supervisor, "queued")
    await workplace.let_time_pass(supervisor)
    await workplace.until(supervisor, "sent")

    assert mail.to(address)[0]["Subject"] == "Handrail: 1 thing is waiting"


# --- faults


async def test_two_workers_send_each_message_once(
    workplace: Any, bus: Any, mail: Any, platform: Platform, other_worker: Any
) -> None:
    peer, address = await workplace.hire()
    racing = asyncio.create_task(other_worker.delivery.run())

    for _ in range(40):
        await bus.assign(workplace.agency_id, peer)
    await workplace.until(peer, *["sent"] * 40)
    racing.cancel()
    await asyncio.gather(racing, return_exceptions=True)

    assert len({letter["Message-ID"] for letter in mail.to(address)}) == 40
    assert len(mail.to(address)) == 40
    assert await workplace.attempts(peer) == ["sent"] * 40


async def test_a_mail_server_that_is_down_delays_and_loses_nothing(
    workplace: Any, bus: Any, mail: Any, platform: Platform
) -> None:
    peer, address = await workplace.hire()
    mail.stop()
    try:
        await bus.assign(workplace.agency_id, peer)
        await platform.eventually(
            "select last_error from notification.message where recipient_id = :id", "server-unreachable", id=peer
        )
        waiting = await workplace.message(peer)
    finally:
        mail.start()
    await workplace.let_time_pass(peer)
    await workplace.until(peer, "sent")
    await platform.eventually("select count(*) from notification.ledger where aggregate_id = :id", 1, id=waiting["id"])

    assert waiting["state"] == "queued"
    assert timedelta(seconds=20) < waiting["next_attempt_at"] - datetime.now(UTC) < timedelta(seconds=30)
    assert len(mail.to(address)) == 1
    assert await workplace.attempts(peer) == ["server-unreachable", "sent"]
    assert await workplace.told(peer) == ["message-sent"]


async def test_a_refused_address_fails_at_once(workplace: Any, bus: Any, mail: Any, platform: Platform) -> None:
    peer, address = await workplace.hire()
    mail.answers[address] = "550 no such user"

    await bus.assign(workplace.agency_id, peer)
    await workplace.until(peer, "failed")
    message = await workplace.message(peer)
    await platform.eventually("select count(*) from notification.ledger where aggregate_id = :id", 1, id=message["id"])

    assert (message["last_error"], message["attempts"]) == ("recipient-refused", 1)
    assert await workplace.told(peer) == ["message-failed"]
    assert await platform.value("select count(*) from notification.due where message_id = :id", id=message["id"]) == 0


async def test_after_six_tries_it_is_given_up(workplace: Any, bus: Any, mail: Any, platform: Platform) -> None:
    peer, address = await workplace.hire()
    mail.answers[address] = "451 later"

    await bus.assign(workplace.agency_id, peer)
    for attempt in range(1, 6):
        await platform.eventually(
            "select attempts from notification.message where recipient_id = :id and state = 'queued'", attempt, id=peer
        )
        await workplace.let_time_pass(peer)
    await workplace.until(peer, "failed")

    assert await workplace.attempts(peer) == ["recipient-deferred"] * 6


async def waiting_digest(workplace: Any, bus: Any) -> tuple[UUID, str]:
    """Return a supervisor, and their address, whose digest is queued for later and whom nobody else writes to."""
    supervisor, address = await workplace.hire("supervisor")
    peer, _ = await workplace.hire()
    await workplace.supervise(peer, supervisor)
    await fall_due(bus, workplace, peer)
    await workplace.until(supervisor, "queued")
    await workplace.let_time_pass(peer)
    await workplace.until(peer, "sent")
    return supervisor, address


async def claim_now(workplace: Any, worker: Any, recipient_id: UUID) -> list[deliveries.Claimed]:
    """Make somebody's message due and claim it in one transaction, so that no other worker is faster."""
    message = await workplace.message(recipient_id)
    async with worker.transaction(workplace.agency_id) as db:
        await db.execute(update(Due).where(Due.message_id == message["id"]).values(at=db.now))
        return await deliveries.claim(db, 1)


async def test_a_crash_between_sending_and_recording_is_never_followed_by_a_second_letter(
    workplace: Any, bus: Any, mail: Any, platform: Platform, other_worker: Any
) -> None:
    supervisor, address = await waiting_digest(workplace, bus)

    (claimed,) = await claim_now(workplace, other_worker, supervisor)
    async with other_worker.transaction(workplace.agency_id) as db:
        await deliveries.begin(db, claimed, Channel.EMAIL)  # and then this worker is gone
    before = await workplace.states(supervisor)
    await workplace.let_time_pass(supervisor)
    await workplace.until(supervisor, "failed")
    async with other_worker.transaction(workplace.agency_id) as db:
        reported_too_late = await deliveries.record(db, claimed, deliveries.Sent(), 1.0)
    await platform.eventually(
        "select count(*) from notification.ledger where aggregate_id = :id", 1, id=claimed.message_id
    )

    assert before == ["sending"]
    assert (await workplace.message(supervisor))["last_error"] == "outcome-unknown"
    assert not reported_too_late
    assert mail.to(address) == []
    assert await workplace.told(supervisor) == ["message-failed"]


async def test_a_crash_before_anything_was_sent_costs_nothing_but_time(
    workplace: Any, bus: Any, mail: Any, other_worker: Any
) -> None:
    supervisor, address = await waiting_digest(workplace, bus)

    await claim_now(workplace, other_worker, supervisor)  # and then this worker is gone
    await workplace.let_time_pass(supervisor)
    await workplace.until(supervisor, "sent")

    assert len(mail.to(address)) == 1
    assert await workplace.attempts(supervisor) == ["sent"]


async def test_a_claim_is_watched_for_ten_minutes(
    workplace: Any, bus: Any, platform: Platform, other_worker: Any
) -> None:
    supervisor, _ = await waiting_digest(workplace, bus)

    (claimed,) = await claim_now(workplace, other_worker, supervisor)

    watched = await platform.value("select at from notification.due where message_id = :id", id=claimed.message_id)
    assert watched - claimed.claimed_at == timedelta(minutes=10)


async def test_a_server_that_takes_the_letter_and_never_answers_leaves_the_outcome_unknown(
    workplace: Any, bus: Any, mail: Any, other_worker: Any
) -> None:
    supervisor, address = await waiting_digest(workplace, bus)
    mail.mute.add(address)

    await other_worker.delivery.send(await claim_now(workplace, other_worker, supervisor))

    assert await workplace.states(supervisor) == ["failed"]
    assert await workplace.attempts(supervisor) == ["outcome-unknown"]


async def test_a_slow_mail_server_does_not_delay_what_is_heard(
    workplace: Any, bus: Any, mail: Any, platform: Platform
) -> None:
    slow, address = await workplace.hire()
    other, _ = await workplace.hire()
    mail.mute.add(address)

    await bus.assign(workplace.agency_id, slow)
    await workplace.until(slow, "sending")
    await fall_due(bus, workplace, other)
    await workplace.until(other, "queued")
    still = await workplace.states(slow)
    mail.mute.discard(address)
    await workplace.until(slow, "sent")

    assert still == ["sending"]


async def test_a_worker_that_is_stopped_finishes_what_it_began(
    workplace: Any, bus: Any, mail: Any, other_worker: Any
) -> None:
    supervisor, address = await waiting_digest(workplace, bus)
    claimed = await claim_now(workplace, other_worker, supervisor)
    mail.mute.add(address)
    sending = asyncio.create_task(other_worker.delivery.send_to_the_end(claimed))
    while address not in mail.holding:  # noqa: ASYNC110 - the server lives in a thread of its own
        await asyncio.sleep(0.01)

    sending.cancel()
    mail.mute.discard(address)
    (ended,) = await asyncio.gather(sending, return_exceptions=True)

    assert isinstance(ended, asyncio.CancelledError)
    assert await workplace.states(supervisor) == ["sent"]


# --- what is kept and told


async def test_no_name_and_no_address_is_kept_told_or_logged(
    workplace: Any, bus: Any, mail: Any, platform: Platform
) -> None:
    peer, address = await workplace.hire()
    refused, refused_address = await workplace.hire()
    mail.answers[refused_address] = f"550 {refused_address} (Jo O'Brien) is unknown"

    configure_logs("DEBUG")
    with capture_logs() as logs:
        await bus.assign(workplace.agency_id, peer)
        await bus.assign(workplace.agency_id, refused)
        await workplace.until(peer, "sent")
        await workplace.until(refused, "failed")
    configure_logs("ERROR")
    tables = await platform.fetch("select tablename from pg_tables where schemaname = 'notification'")
    kept = [
        str(await platform.fetch(f"select to_jsonb(t) from notification.{table['tablename']} t")) for table in tables
    ]

    assert len(tables) > 10
    assert any(str(peer) in rows for rows in kept)
    assert any(entry["event"] == "message_tried" for entry in logs)
    for said in (*kept, str(logs)):
        assert all(secret not in said for secret in (address, refused_address, "O'Brien", "agency.test"))
