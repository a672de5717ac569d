"""The credential beside a signature is what the worker held on the day of service, whatever became of it since."""

import uuid
from datetime import date
from typing import Any

import pytest

from common.contracts import workforce
from common.contracts.codes import CredentialStatus, CredentialType, NoteElement, Specialty
from session_logging.rules.credentials import Acceptance, HeldCredential, credential_on

SESSIONS = "/api/session-logging/v1/sessions"
CREDENTIALS = "/api/workforce/v1/credentials"
ACTIVE, SUSPENDED, PROVISIONAL = CredentialStatus.ACTIVE, CredentialStatus.SUSPENDED, CredentialStatus.PROVISIONAL
SUSPENDED_IN_MARCH = ((date(2026, 1, 1), ACTIVE), (date(2026, 3, 2), SUSPENDED), (date(2026, 4, 10), PROVISIONAL))
PEER = CredentialType.CERTIFIED_PEER_SPECIALIST


@pytest.mark.parametrize(
    ("day", "newest", "statuses", "expected"),
    [
        (date(2025, 12, 31), PROVISIONAL, SUSPENDED_IN_MARCH, None),
        (date(2026, 3, 1), PROVISIONAL, SUSPENDED_IN_MARCH, PEER),
        (date(2026, 3, 2), PROVISIONAL, SUSPENDED_IN_MARCH, None),
        (date(2026, 4, 9), PROVISIONAL, SUSPENDED_IN_MARCH, None),
        (date(2026, 4, 10), PROVISIONAL, SUSPENDED_IN_MARCH, PEER),
        (date(2026, 3, 2), SUSPENDED, (), None),
        (date(2026, 3, 2), ACTIVE, (), PEER),
    ],
)
def test_the_status_on_the_day_counts(
    day: date,
    newest: CredentialStatus,
    statuses: tuple[tuple[date, CredentialStatus], ...],
    expected: CredentialType | None,
) -> None:
    held = HeldCredential(PEER, Specialty.SUBSTANCE_USE, date(2025, 1, 1), date(2027, 12, 31), newest, statuses)

    found = credential_on(day, [held], Acceptance())
    assert (found.credential_type if found else None) == expected


async def heard(practice: Any, credential_id: Any, seq: int) -> None:
    question = "select seq from session_logging.credential where id = :id"
    await practice.platform.eventually(question, seq, id=credential_id)


async def signed_on(practice: Any, person: Any, day: str) -> dict[str, Any]:
    body = practice.session(person, started_at=f"{day}T10:00", ended_at=f"{day}T11:00", sign=True)
    row: dict[str, Any] = await practice.row(await practice.peer.created(SESSIONS, body))
    return row


async def test_a_suspended_day_has_no_credential_and_the_days_around_it_have(practice: Any) -> None:
    credential_id = await practice.credential(valid_from="2026-01-01")
    person = await practice.enrol()
    path = f"{CREDENTIALS}/{credential_id}/status"
    suspended = {"status": "suspended", "since": "2026-03-02", "reason": "complaint"}
    assert (await practice.administrator.put(path, suspended, 1)).status_code == 200
    reinstated = {"status": "active", "since": "2026-04-10", "reason": "reinstated"}
    assert (await practice.administrator.put(path, reinstated, 2)).status_code == 200
    await heard(practice, credential_id, 3)

    days = ("2026-03-01", "2026-03-02", "2026-04-09", "2026-04-10")
    rows = [await signed_on(practice, person, day) for day in days]

    held = "certified_peer_specialist"
    assert [row["credential_at_signing"] for row in rows] == [held, None, None, held]
    assert [NoteElement.CREDENTIAL in row["missing_elements"] for row in rows] == [False, True, True, False]


async def test_what_was_signed_before_a_revocation_was_known_stays_signed_so(practice: Any) -> None:
    credential_id = await practice.credential(valid_from="2026-01-01")
    person = await practice.enrol()
    before = await signed_on(practice, person, "2026-05-04")

    revoked = {"status": "revoked", "since": "2026-05-01", "reason": "discipline"}
    path = f"{CREDENTIALS}/{credential_id}/status"
    assert (await practice.administrator.put(path, revoked, 1)).status_code == 200
    await heard(practice, credential_id, 2)

    after = await signed_on(practice, person, "2026-05-05")
    assert (await practice.row(before["id"]))["credential_at_signing"] == "certified_peer_specialist"
    assert after["credential_at_signing"] is None


async def test_a_history_that_arrives_late_does_not_undo_a_newer_one(practice: Any) -> None:
    credential_id = await practice.credential(valid_from="2026-01-01")
    person = await practice.enrol()
    told = {
        "credential_id": credential_id, "staff_id": practice.peer.staff_id, "credential_type": PEER,
        "specialty": Specialty.SUBSTANCE_USE, "valid_from": date(2026, 1, 1), "valid_to": date(2027, 12, 31),
    }  # fmt: skip
    first = workforce.StatusSince(status=ACTIVE, since=date(2026, 1, 1))
    second = workforce.StatusSince(status=SUSPENDED, since=date(2026, 3, 2))
    newer = workforce.CredentialFacts(status=SUSPENDED, statuses=[first, second], **told)
    older = workforce.CredentialFacts(status=ACTIVE, statuses=[first], **told)

    await practice.tell(workforce.CREDENTIAL_CHANGED, newer, about=credential_id, seq=3)
    await heard(practice, credential_id, 3)
    await practice.tell(workforce.CREDENTIAL_CHANGED, older, about=credential_id, seq=2)
    marker = await practice.credential()  # heard after the late fact, so that one has been applied too

    held = "select status_codes from session_logging.credential where id = :id"
    assert await practice.platform.value(held, id=credential_id) == ["active", "suspended"]
    assert isinstance(marker, uuid.UUID)
    assert (await signed_on(practice, person, "2026-03-03"))["credential_at_signing"] is not None  # by the marker


async def test_all_that_was_known_of_the_credential_stands_beside_the_signature(practice: Any) -> None:
    credential_id = await practice.credential(valid_from="2026-01-01", valid_to="2026-12-31")
    person = await practice.enrol()
    session_id = await practice.peer.created(SESSIONS, practice.session(person, sign=True))
    read = (await practice.peer.get(f"{SESSIONS}/{session_id}")).json()

    names = ("type", "id", "specialty", "status", "valid_from", "valid_to")
    shown = {name: read["credential_at_signing" if name == "type" else f"credential_{name}"] for name in names}
    assert shown == {
        "type": "certified_peer_specialist", "id": str(credential_id), "specialty": "substance_use",
        "status": "active", "valid_from": "2026-01-01", "valid_to": "2026-12-31",
    }  # fmt: skip
