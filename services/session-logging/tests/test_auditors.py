"""Auditors from outside: people on a live agreement only, each reading told of; own staff as before (42 CFR 2.53)."""

import json
from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from fastapi.routing import APIRoute

from handrail.testing import add_staff
from session_logging.api import READERS, router

SESSIONS, CONTACTS = "/api/session-logging/v1/sessions", "/api/session-logging/v1/collateral-contacts"


async def released(shared: Any, auditor: Any) -> list[dict[str, Any]]:
    """Return what was told of the auditor's readings, the oldest first."""
    rows = await shared.platform.fetch(
        "select payload, event_id from (select payload, event_id, type from session_logging.outbox union all "
        "select payload, event_id, type from session_logging.ledger) e "
        "where type = 'handrail.session-logging.identities-released.v1' order by event_id"
    )
    facts = [json.loads(row["payload"])["data"] for row in rows]
    return [one for one in facts if one["staff_id"] == str(auditor.staff_id)]


def test_every_route_that_auditors_may_use_is_tried_below() -> None:
    open_to_auditors = {
        route.path for route in router.routes if isinstance(route, APIRoute) and READERS in route.dependencies
    }
    assert open_to_auditors == {"/v1/sessions", "/v1/sessions/{session_id}", "/v1/collateral-contacts"}


async def test_each_reading_of_an_auditor_is_told_of_with_whom_it_showed(shared: Any, colleagues: Any) -> None:
    person = await shared.enrol()
    session_id = await shared.peer.created(SESSIONS, shared.session(person))
    auditor = await add_staff(shared.administrator, "auditor")
    who = str(person.participant_id)

    one = await auditor.get(f"{SESSIONS}/{session_id}")
    page = await auditor.get(SESSIONS, participant_id=who)
    contacts = await auditor.get(CONTACTS, participant_id=who)
    nobody = await auditor.get(SESSIONS, participant_id=str(shared.program_id))

    assert [answer.status_code for answer in (one, page, contacts, nobody)] == [200] * 4
    assert [told["participant_ids"] for told in await released(shared, auditor)] == [[who]] * 3


async def test_own_staff_use_what_they_read_and_disclose_nothing(shared: Any, colleagues: Any) -> None:
    person = await shared.enrol()
    session_id = await shared.peer.created(SESSIONS, shared.session(person))

    for caller in (shared.peer, colleagues.supervisor, shared.administrator):
        assert (await caller.get(f"{SESSIONS}/{session_id}")).status_code == 200

    assert not [told for caller in (shared.peer, colleagues.supervisor) for told in await released(shared, caller)]


@pytest.mark.parametrize("path", [SESSIONS, f"{SESSIONS}/{{session_id}}", CONTACTS])
async def test_without_a_live_agreement_an_auditor_is_shown_nobody(practice: Any, path: str) -> None:
    person = await practice.enrol()
    session_id = await practice.peer.created(SESSIONS, practice.session(person))
    auditor = await add_staff(practice.administrator, "auditor")

    asked = {"participant_id": str(person.participant_id)}
    answer = await auditor.get(path.format(session_id=session_id), **asked)

    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/agreement-not-live")
    assert await released(practice, auditor) == []


async def test_an_agreement_that_ended_shows_nobody_from_then_on(practice: Any) -> None:
    person, agreement_id = await practice.enrol(), uuid4()
    session_id = await practice.peer.created(SESSIONS, practice.session(person))
    auditor = await add_staff(practice.administrator, "auditor")
    await practice.audited_under(agreement_id)
    before = await auditor.get(f"{SESSIONS}/{session_id}")

    await practice.audited_under(agreement_id, ended_on=date(2026, 1, 2), seq=2)
    after = await auditor.get(f"{SESSIONS}/{session_id}")

    assert (before.status_code, after.status_code) == (200, 409)
    assert len(await released(practice, auditor)) == 1
