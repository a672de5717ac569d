"""Auditors from outside: people on a live agreement only, each reading told of; own staff as before (42 CFR 2.53)."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio
from fastapi.routing import APIRoute

from common.contracts import intake
from common.contracts.codes import AgreementKind, ConsentStatus, ConsentType, Role
from common.rights import Guard
from handrail.testing import add_staff
from session_logging.api import ROUTERS

SESSIONS, CONTACTS = "/api/session-logging/v1/sessions", "/api/session-logging/v1/collateral-contacts"
ABOUT_NOBODY = {"/v1/codes"}
OPEN = ("/v1/sessions", "/v1/sessions/{session_id}", "/v1/collateral-contacts")
TODAY = datetime.now(ZoneInfo("America/Chicago")).date()


async def released(shared: Any, reader: Any) -> list[dict[str, Any]]:
    """Return what was told of somebody's readings, the oldest first."""
    rows = await shared.platform.fetch(
        "select payload from (select payload, event_id, type from session_logging.outbox union all "
        "select payload, event_id, type from session_logging.ledger) e "
        "where type = 'handrail.session-logging.identities-released.v1' order by event_id"
    )
    facts = [json.loads(row["payload"])["data"] for row in rows]
    return [one for one in facts if one["staff_id"] == str(reader.staff_id)]


async def documented(practice: Any) -> tuple[Any, UUID]:
    """Enrol somebody who has one session and one contact outside; return them and the session's id."""
    person, consent_id = await practice.enrol(), uuid4()
    consent = intake.ConsentFacts(
        consent_id=consent_id, participant_id=person.participant_id, status=ConsentStatus.ACTIVE,
        consent_type=ConsentType.NAMED_RECIPIENTS, signed_at=datetime.now(UTC) - timedelta(days=20),
    )  # fmt: skip
    await practice.tell(intake.CONSENT_SIGNED, consent, about=consent_id)
    await practice.heard("consent", [consent_id])
    contact = {
        "participant_id": str(person.participant_id), "consent_id": str(consent_id), "recipient_place": 0,
        "role": "housing", "contacted_at": (datetime.now(UTC) - timedelta(hours=1)).isoformat(),
        "method": "telephone", "minutes": 10, "note": "canary-contact spoke about the waiting list",
    }  # fmt: skip
    await practice.peer.created(CONTACTS, contact)
    return person, await practice.peer.created(SESSIONS, practice.session(person))


@pytest_asyncio.fixture(scope="module")
async def unaudited(open_practice: Any) -> tuple[Any, Any, UUID]:
    """A practice without a live audit agreement, and somebody documented there with a session."""
    practice = await open_practice()
    return practice, *await documented(practice)


async def read(caller: Any, route: str, person: Any, session_id: UUID) -> Any:
    path = "/api/session-logging" + route.format(session_id=session_id)
    return await caller.get(path, **({} if "{" in route else {"participant_id": str(person.participant_id)}))


def problem(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


def test_every_route_that_auditors_may_use_is_tried_below() -> None:
    open_to_auditors = {
        route.path
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute)
        for one in route.dependant.dependencies
        if isinstance(one.call, Guard) and Role.AUDITOR in one.call.roles
    }
    assert open_to_auditors - ABOUT_NOBODY == set(OPEN)


@pytest.mark.parametrize("route", OPEN)
async def test_each_reading_of_an_auditor_is_told_of_once_with_whom_it_showed(
    shared: Any, colleagues: Any, route: str
) -> None:
    person, session_id = await documented(shared)
    auditor = await add_staff(shared.administrator, "auditor")

    answer = await read(auditor, route, person, session_id)

    assert answer.status_code == 200
    assert str(person.participant_id) in answer.text
    assert [one["participant_ids"] for one in await released(shared, auditor)] == [[str(person.participant_id)]]


async def test_a_page_of_several_people_is_one_fact_with_each_of_them_once(practice: Any) -> None:
    people, agreement_id = await practice.enrol_many(2), uuid4()
    for person in (*people, people[0]):
        await practice.peer.created(SESSIONS, practice.session(person))
    auditor = await add_staff(practice.administrator, "auditor")
    await practice.audited_under(agreement_id)

    page = await auditor.get(SESSIONS)

    assert len(page.json()["items"]) == 3
    [told] = await released(practice, auditor)
    assert told["participant_ids"] == sorted(str(person.participant_id) for person in people)
    assert told["agreement_id"] == str(agreement_id)


async def test_who_is_shown_nobody_is_told_of_nobody(shared: Any, colleagues: Any) -> None:
    unwritten = await shared.enrol()
    auditor = await add_staff(shared.administrator, "auditor")

    for path in (SESSIONS, CONTACTS):
        for participant_id in (unwritten.participant_id, uuid4()):
            assert (await auditor.get(path, participant_id=str(participant_id))).json()["items"] == []
    assert (await auditor.get(f"{SESSIONS}/{uuid4()}")).status_code == 404

    assert await released(shared, auditor) == []


async def test_own_staff_need_no_agreement_and_disclose_nothing(practice: Any) -> None:
    person, session_id = await documented(practice)
    added = [
        await add_staff(practice.administrator, *roles)
        for roles in (["supervisor"], ["auditor", "supervisor"], ["auditor", "privacy_officer"])
    ]
    staff = [practice.peer, practice.administrator, *added]

    for caller in staff:
        for route in OPEN:
            assert (await read(caller, route, person, session_id)).status_code == 200

    assert [one for caller in staff for one in await released(practice, caller)] == []


@pytest.mark.parametrize("roles", [["auditor"], ["auditor", "peer"]])
@pytest.mark.parametrize("route", OPEN)
async def test_without_an_agreement_an_auditor_is_refused_whatever_is_there(
    unaudited: Any, route: str, roles: list[str]
) -> None:
    practice, person, session_id = unaudited
    auditor = await add_staff(practice.administrator, *roles)

    there = await read(auditor, route, person, session_id)
    not_there = await read(auditor, route, person, uuid4())

    assert problem(there) == problem(not_there) == (409, "agreement-not-live")
    assert await released(practice, auditor) == []


async def test_a_peer_who_is_an_auditor_too_is_told_of_like_any_auditor(shared: Any, colleagues: Any) -> None:
    person, session_id = await documented(shared)
    both = await add_staff(shared.administrator, "auditor", "peer")

    assert (await read(both, OPEN[1], person, session_id)).status_code == 200

    assert len(await released(shared, both)) == 1


@pytest.mark.parametrize(
    "changed",
    [
        {"kind": AgreementKind.QUALIFIED_SERVICE},
        {"kind": AgreementKind.RESEARCH},
        {"valid_from": TODAY + timedelta(days=2)},
        {"valid_to": TODAY - timedelta(days=2)},
        {"ended_on": TODAY - timedelta(days=1)},
    ],
)
async def test_an_agreement_of_another_kind_or_time_opens_nothing(unaudited: Any, changed: dict[str, Any]) -> None:
    practice, person, session_id = unaudited
    auditor = await add_staff(practice.administrator, "auditor")

    await practice.audited_under(uuid4(), **changed)

    assert problem(await read(auditor, OPEN[1], person, session_id)) == (409, "agreement-not-live")


async def test_an_agreement_that_ended_shows_nobody_from_then_on(practice: Any) -> None:
    person, session_id = await documented(practice)
    agreement_id, auditor = uuid4(), await add_staff(practice.administrator, "auditor")
    await practice.audited_under(agreement_id)
    before = await read(auditor, OPEN[1], person, session_id)

    await practice.audited_under(agreement_id, seq=2, ended_on=TODAY)
    after = [problem(await read(auditor, route, person, session_id)) for route in OPEN]

    assert before.status_code == 200
    assert after == [(409, "agreement-not-live")] * 3
    assert len(await released(practice, auditor)) == 1
