"""Emergencies, packages and consents: who is told at once, who is reminded a day later, and what never leaves."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import update

from common.contracts import intake
from common.contracts.codes import ConsentStatus, ConsentType
from notification.commands import deliveries
from notification.models import Due
from notification.rules.messages import is_taken_back

NOW_SIGNED = datetime(2026, 3, 2, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("status", "revoked", "expected"),
    [
        ("active", [], False),
        ("active", [0], True),
        ("suspended", [], True),
        ("revoked", [], True),
        ("void", [], True),
        ("superseded", [], False),
        ("superseded", [0], False),
    ],
)
def test_peers_are_told_of_what_was_taken_back_and_of_nothing_else(
    status: str, revoked: list[int], expected: bool
) -> None:
    assert is_taken_back(status, revoked) is expected


async def open_record(
    bus: Any, workplace: Any, opener: UUID, break_glass_id: UUID | None = None, **more: Any
) -> dict[str, Any]:
    """Tell that somebody opened a record in an emergency."""
    now = datetime.now(UTC)
    facts = intake.BreakGlassFacts(
        break_glass_id=break_glass_id or uuid4(),
        participant_id=uuid4(),
        staff_id=opener,
        opened_at=now,
        expires_at=now + timedelta(hours=4),
        review_due_at=now + timedelta(days=1),
    )
    told: dict[str, Any] = await bus.tell(
        intake.BREAK_GLASS_OPENED, facts, workplace.agency_id, about=facts.break_glass_id, **more
    )
    return told


async def known(workplace: Any, *staff_ids: UUID) -> None:
    count = "select count(*) from notification.staff where id = any(:ids)"
    await workplace.platform.eventually(count, len(staff_ids), ids=list(staff_ids))


async def state_of(
    bus: Any, workplace: Any, consent_id: UUID, seq: int = 1, *, participant_id: UUID | None = None, **more: Any
) -> None:
    """Tell the state of a consent, and wait until it was heard."""
    values = {
        "consent_id": consent_id,
        "participant_id": participant_id or uuid4(),
        "consent_type": ConsentType.NAMED_RECIPIENTS,
        "status": ConsentStatus.ACTIVE,
        "signed_at": NOW_SIGNED,
    }
    at = more.pop("at", None)
    facts = intake.ConsentFacts(**(values | more))
    revoked = facts.status is ConsentStatus.REVOKED
    fact = intake.CONSENT_REVOKED if revoked else intake.CONSENT_SIGNED if seq == 1 else intake.CONSENT_CHANGED
    await bus.tell(fact, facts, workplace.agency_id, about=consent_id, seq=seq, at=at)
    await workplace.platform.eventually("select seq from notification.consent where id = :id", seq, id=consent_id)


async def prepare(bus: Any, workplace: Any, staff_id: UUID | None, consent_id: UUID | None = None, **more: Any) -> UUID:
    """Tell that something was put together for somebody; return its id when it was heard."""
    seq = more.pop("seq", 1)
    values = {
        "package_id": uuid4(),
        "participant_id": uuid4(),
        "consent_id": consent_id,
        "prepared_by": staff_id,
        "prepared_at": datetime.now(UTC),
        "open": True,
    }
    facts = intake.PackageFacts(**(values | more))
    fact = intake.PACKAGE_PREPARED if facts.open else intake.PACKAGE_CLOSED
    await bus.tell(fact, facts, workplace.agency_id, about=facts.package_id, seq=seq)
    question = "select count(*) from notification.package where id = :id and seq >= :seq"
    await workplace.platform.eventually(question, 1, id=facts.package_id, seq=seq)
    return facts.package_id


async def assign(bus: Any, workplace: Any, staff_id: UUID, participant_id: UUID, **more: Any) -> None:
    """Tell that a peer serves somebody, as history: without a message of its own."""
    values = {
        "assignment_id": uuid4(),
        "participant_id": participant_id,
        "episode_id": uuid4(),
        "program_id": uuid4(),
        "staff_id": staff_id,
        "valid_from": date(2026, 1, 1),
        "imported": True,
    }
    facts = intake.AssignmentFacts(**(values | more))
    await bus.tell(intake.PEER_ASSIGNED, facts, workplace.agency_id, about=facts.assignment_id)
    await workplace.platform.eventually(
        "select count(*) from notification.assignment where id = :id", 1, id=facts.assignment_id
    )


async def applied(workplace: Any, consent_id: UUID) -> list[int]:
    rows = await workplace.platform.fetch(
        "select aggregate_seq from (select aggregate_id, aggregate_seq, type from notification.outbox union all "
        "select aggregate_id, aggregate_seq, type from notification.ledger) e "
        "where aggregate_id = :id and type like '%consent-applied%' order by 1",
        id=consent_id,
    )
    return [row["aggregate_seq"] for row in rows]


# --- break-glass


async def test_privacy_officers_and_supervisors_are_told_at_once_and_never_who_opened_it(
    own_workplace: Any, bus: Any, mail: Any
) -> None:
    officer, address = await own_workplace.hire("privacy_officer", language="es")
    supervisor, other = await own_workplace.hire("supervisor")
    opener, openers = await own_workplace.hire("supervisor")
    peer, peers = await own_workplace.hire("peer")
    await known(own_workplace, officer, supervisor, opener, peer)

    row = await open_record(bus, own_workplace, opener)
    await bus.repeat(row)

    await own_workplace.until(officer, "sent")
    await own_workplace.until(supervisor, "sent")
    [spanish], [english] = mail.to(address), mail.to(other)
    assert spanish["Subject"] == "Handrail: por favor revise algo hoy"
    assert english["Subject"] == "Handrail: please look at something today"
    assert (await own_workplace.states(opener), await own_workplace.states(peer)) == ([], [])
    assert mail.to(openers) + mail.to(peers) == []


async def test_whoever_is_heard_of_a_moment_later_is_told_as_well(own_workplace: Any, bus: Any) -> None:
    opener, _ = await own_workplace.hire("peer")
    await known(own_workplace, opener)
    opened = (await open_record(bus, own_workplace, opener))["aggregate_id"]
    await own_workplace.platform.eventually(
        "select count(*) from notification.break_glass where id = :id", 1, id=opened
    )

    officer, _ = await own_workplace.hire("privacy_officer")

    await own_workplace.until(officer, "sent")


async def test_a_replay_of_an_old_emergency_alerts_nobody(own_workplace: Any, bus: Any) -> None:
    officer, _ = await own_workplace.hire("privacy_officer")
    await known(own_workplace, officer)

    await open_record(bus, own_workplace, uuid4(), at=datetime.now(UTC) - timedelta(days=8))
    await open_record(bus, own_workplace, uuid4())

    await own_workplace.until(officer, "sent")


# --- something waits to be handed over


async def test_who_prepared_something_is_reminded_a_day_later(workplace: Any, bus: Any, mail: Any) -> None:
    peer, address = await workplace.hire()
    consent_id = uuid4()
    await state_of(bus, workplace, consent_id)

    package_id = await prepare(bus, workplace, peer, consent_id)

    await workplace.until(peer, "queued")
    message = await workplace.message(peer)
    assert (message["template"], message["occasion"]) == ("hand-over", str(package_id))
    assert message["consent_id"] == consent_id
    assert timedelta(hours=23, minutes=59) < message["not_before"] - message["created_at"] <= timedelta(hours=24)
    await workplace.let_time_pass(peer)
    await workplace.until(peer, "sent")
    assert mail.to(address)[0]["Subject"] == "Handrail: something is waiting for you"


async def test_what_was_handed_over_reminds_nobody_in_whatever_order_it_is_told(workplace: Any, bus: Any) -> None:
    peer, _ = await workplace.hire()
    package_id = await prepare(bus, workplace, peer)
    await workplace.until(peer, "queued")

    await prepare(bus, workplace, peer, package_id=package_id, open=False, seq=2)

    await workplace.until(peer, "cancelled")
    assert (await workplace.message(peer))["last_error"] == "handed-over"
    early, _ = await workplace.hire()
    closed = await prepare(bus, workplace, early, open=False, seq=2)
    await prepare(bus, workplace, early, package_id=closed)  # the older fact, arriving later
    assert await workplace.states(early) == []


@pytest.mark.parametrize(
    "change",
    [
        {"status": ConsentStatus.REVOKED, "revoked_at": datetime.now(UTC)},
        {"status": ConsentStatus.SUSPENDED},
        {"status": ConsentStatus.VOID},
        {"status": ConsentStatus.SUPERSEDED},
        {"ended": True},
    ],
)
async def test_a_waiting_message_is_cancelled_the_moment_its_consent_no_longer_stands(
    workplace: Any, bus: Any, mail: Any, change: dict[str, Any]
) -> None:
    peer, address = await workplace.hire()
    consent_id, other = uuid4(), uuid4()
    for one in (consent_id, other):
        await state_of(bus, workplace, one)
        await prepare(bus, workplace, peer, one)
    await workplace.until(peer, "queued", "queued")

    await state_of(bus, workplace, consent_id, 2, **change)

    assert sorted(await workplace.states(peer)) == ["cancelled", "queued"]
    assert await applied(workplace, consent_id) == [2]
    await workplace.let_time_pass(peer)
    await workplace.platform.eventually(
        "select count(*) from notification.message where recipient_id = :id and state = 'sent'", 1, id=peer
    )
    assert len(mail.to(address)) == 1


async def test_a_recipient_taken_off_leaves_the_others_their_reminder(workplace: Any, bus: Any) -> None:
    peer, _ = await workplace.hire()
    consent_id = uuid4()
    await state_of(bus, workplace, consent_id)
    await prepare(bus, workplace, peer, consent_id)
    await workplace.until(peer, "queued")

    await state_of(bus, workplace, consent_id, 2, revoked_recipients=[1])

    assert await workplace.states(peer) == ["queued"]
    assert await applied(workplace, consent_id) == [2]


@pytest.mark.parametrize("heard", ["never", "expired"])
async def test_a_message_is_looked_at_again_as_it_is_about_to_leave(
    workplace: Any, bus: Any, mail: Any, heard: str
) -> None:
    peer, address = await workplace.hire()
    consent_id = uuid4()
    if heard == "expired":  # ran out while the message waited: expiry is nowhere stored, so nobody tells of it
        await state_of(bus, workplace, consent_id, expires_on=date(2026, 3, 31))
    await prepare(bus, workplace, peer, consent_id)
    await workplace.until(peer, "queued")

    await workplace.let_time_pass(peer)

    await workplace.until(peer, "cancelled")
    assert (await workplace.message(peer))["last_error"] == "consent-not-standing"
    assert mail.to(address) == []


async def test_what_was_taken_to_be_sent_before_the_revocation_is_not_called_back(
    own_workplace: Any, bus: Any, other_worker: Any
) -> None:
    peer, _ = await own_workplace.hire()
    consent_id = uuid4()
    await state_of(bus, own_workplace, consent_id)
    await prepare(bus, own_workplace, peer, consent_id)
    await own_workplace.until(peer, "queued")
    async with other_worker.transaction(own_workplace.agency_id) as db:
        await db.execute(update(Due).where(Due.agency_id == own_workplace.agency_id).values(at=db.now))
        claimed = await deliveries.claim(db, 100)
    assert peer in {one.recipient_id for one in claimed}

    await state_of(bus, own_workplace, consent_id, 2, status=ConsentStatus.REVOKED, revoked_at=datetime.now(UTC))

    assert await own_workplace.states(peer) == ["sending"]


async def test_nobody_is_reminded_of_old_packages_or_of_those_nobody_prepared(workplace: Any, bus: Any) -> None:
    peer, _ = await workplace.hire()

    await prepare(bus, workplace, peer, prepared_at=datetime.now(UTC) - timedelta(days=8))
    await prepare(bus, workplace, None)

    assert await workplace.states(peer) == []


# --- a paper changed


async def test_the_peers_are_told_that_a_paper_changed_and_nothing_more(workplace: Any, bus: Any, mail: Any) -> None:
    person, consent_id = uuid4(), uuid4()
    peer, address = await workplace.hire(language="es")
    former, formers = await workplace.hire()
    await assign(bus, workplace, peer, person)
    await assign(bus, workplace, former, person, valid_to=date(2026, 2, 1))
    await state_of(bus, workplace, consent_id, participant_id=person)

    await state_of(bus, workplace, consent_id, 2, participant_id=person, status=ConsentStatus.SUSPENDED)
    await workplace.until(peer, "sent")
    revoked = {"status": ConsentStatus.REVOKED, "revoked_at": datetime.now(UTC)}
    await state_of(bus, workplace, consent_id, 3, participant_id=person, **revoked)
    await workplace.until(peer, "sent", "sent")

    first, second = mail.to(address)
    assert first["Subject"] == second["Subject"] == "Handrail: un documento cambió"
    assert "Un documento cambió. Inicie sesión para ver." in first.get_content()
    assert str(person) not in first.as_string()
    assert mail.to(formers) == []
    assert await applied(workplace, consent_id) == [2, 3]


async def test_a_state_told_again_tells_the_peers_once(workplace: Any, bus: Any, mail: Any) -> None:
    person, consent_id = uuid4(), uuid4()
    peer, address = await workplace.hire()
    await assign(bus, workplace, peer, person)
    await state_of(bus, workplace, consent_id, 2, participant_id=person, status=ConsentStatus.SUSPENDED)
    await workplace.until(peer, "sent")

    await state_of(bus, workplace, consent_id, 2, participant_id=person, status=ConsentStatus.SUSPENDED)
    early = intake.ConsentFacts(
        consent_id=consent_id,
        participant_id=person,
        consent_type=ConsentType.TPO,
        status=ConsentStatus.ACTIVE,
        signed_at=NOW_SIGNED,
    )
    await bus.tell(intake.CONSENT_SIGNED, early, workplace.agency_id, about=consent_id)
    await state_of(bus, workplace, uuid4())  # heard after the late fact, so that one has been applied too

    assert await workplace.states(peer) == ["sent"]
    assert len(mail.to(address)) == 1
    assert await applied(workplace, consent_id) == [2]


async def test_who_serves_a_merged_record_is_told_too(workplace: Any, bus: Any) -> None:
    survivor, merged, consent_id, merge_id = uuid4(), uuid4(), uuid4(), uuid4()
    peer, _ = await workplace.hire()
    await assign(bus, workplace, peer, survivor)
    facts = intake.MergeFacts(merge_id=merge_id, survivor_id=survivor, merged_id=merged, merged_at=NOW_SIGNED)
    await bus.tell(intake.PARTICIPANTS_MERGED, facts, workplace.agency_id, about=merge_id)
    await workplace.platform.eventually("select count(*) from notification.merge where id = :id", 1, id=merge_id)

    await state_of(bus, workplace, consent_id, 2, participant_id=merged, status=ConsentStatus.SUSPENDED)

    await workplace.until(peer, "sent")


async def test_history_that_is_revoked_already_tells_nobody(workplace: Any, bus: Any) -> None:
    person = uuid4()
    peer, _ = await workplace.hire()
    await assign(bus, workplace, peer, person)
    long_ago = datetime.now(UTC) - timedelta(days=8)

    old = {"participant_id": person, "status": ConsentStatus.REVOKED, "revoked_at": long_ago}
    await state_of(bus, workplace, uuid4(), 2, **old)
    await state_of(bus, workplace, uuid4(), 2, participant_id=person, status=ConsentStatus.SUSPENDED, at=long_ago)

    assert await workplace.states(peer) == []


async def test_the_facts_of_earlier_releases_are_understood(workplace: Any, bus: Any) -> None:
    person, consent_id = uuid4(), uuid4()
    peer, _ = await workplace.hire()
    await assign(bus, workplace, peer, person)
    values = {"consent_id": consent_id, "participant_id": person, "consent_type": "tpo", "signed_at": NOW_SIGNED}
    signed = intake.EarlierConsentFacts(**values, status="active")
    revoked = intake.EarlierConsentFacts(**values, status="revoked", revoked_at=datetime.now(UTC))

    await bus.tell(intake.CONSENT_SIGNED_1, signed, workplace.agency_id, about=consent_id)
    await bus.tell(intake.CONSENT_REVOKED_1, revoked, workplace.agency_id, about=consent_id, seq=2)

    await workplace.until(peer, "sent")
    assert await applied(workplace, consent_id) == [2]
