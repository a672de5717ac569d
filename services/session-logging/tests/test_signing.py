"""Changing, signing and adding to a session; reading it, and who may."""

from datetime import date
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from common.contracts.codes import NoteElement
from handrail.testing import Platform, add_staff, open_agency

SESSIONS = "/api/session-logging/v1/sessions"


def changed(body: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return the body of a change: that of the session without whose it is."""
    return {name: value for name, value in body.items() if name not in ("participant_id", "episode_id")} | more


async def test_a_draft_is_told_again_and_its_version_grows(shared: Any) -> None:
    person = await shared.enrol()
    body = shared.session(person, note=None)
    session_id = await shared.peer.created(SESSIONS, body)

    answer = await shared.peer.put(
        f"{SESSIONS}/{session_id}", changed(body, outcome="partial", note={"summary": "canary second"}), 1
    )

    assert (answer.status_code, answer.headers["etag"], answer.json()["version"]) == (200, '"2"', 2)
    recorded, told = await shared.told(session_id)
    assert (told["type"], told["outcome"]) == ("session-changed", "partial")
    assert "summary" in recorded["missing_elements"]
    assert "summary" not in told["missing_elements"]
    assert "canary" not in str(told)


async def test_a_change_needs_the_version_that_was_seen(shared: Any) -> None:
    person = await shared.enrol()
    body = shared.session(person)
    session_id = await shared.peer.created(SESSIONS, body)

    missing = await shared.peer.put(f"{SESSIONS}/{session_id}", changed(body))
    stale = await shared.peer.put(f"{SESSIONS}/{session_id}", changed(body), 7)

    assert (missing.status_code, stale.status_code) == (428, 412)
    assert (await shared.row(session_id))["version"] == 1


async def test_a_signature_takes_down_the_credential_of_the_service_date(practice: Any) -> None:
    await practice.credential(valid_from="2026-01-01", valid_to="2026-03-31")
    person = await practice.enrol()
    early = practice.session(person, started_at="2026-03-31T10:00", ended_at="2026-03-31T11:00")
    late = practice.session(person, started_at="2026-04-01T10:00", ended_at="2026-04-01T11:00")

    ids = [await practice.peer.created(SESSIONS, body) for body in (early, late)]
    for session_id in ids:
        assert (await practice.peer.put(f"{SESSIONS}/{session_id}/signature", {}, 1)).status_code == 200

    rows = [await practice.row(session_id) for session_id in ids]
    assert [row["credential_at_signing"] for row in rows] == ["certified_peer_specialist", None]
    assert [row["missing_elements"] for row in rows] == [[], [NoteElement.CREDENTIAL]]
    told = (await practice.told(ids[0]))[-1]
    assert (told["type"], told["status"]) == ("session-signed", "signed")
    assert told["credential_at_signing"] == "certified_peer_specialist"
    assert told["signed_at"] is not None


async def test_a_session_can_be_signed_as_it_is_recorded(practice: Any) -> None:
    await practice.credential()
    person = await practice.enrol()
    body = practice.session(person, sign=True)

    first = await practice.peer.post(SESSIONS, body, key="signed-at-once")
    second = await practice.peer.post(SESSIONS, body, key="signed-at-once")

    assert (first.status_code, second.content) == (201, first.content)
    [told] = await practice.told(first.json()["id"])
    assert (told["type"], told["status"], told["missing_elements"]) == ("session-signed", "signed", [])


async def test_only_the_worker_signs_and_changes(shared: Any, colleagues: Any) -> None:
    person = await shared.enrol()
    body = shared.session(person)
    session_id = await shared.peer.created(SESSIONS, body)
    colleague = colleagues.peer
    supervisor = colleagues.supervisor

    for caller, status in ((colleague, 404), (supervisor, 403), (shared.administrator, 403)):
        assert (await caller.put(f"{SESSIONS}/{session_id}/signature", {}, 1)).status_code == status
        assert (await caller.put(f"{SESSIONS}/{session_id}", changed(body), 1)).status_code == status
    assert (await shared.row(session_id))["status"] == "draft"


async def test_what_is_signed_stays_as_it_is(shared: Any) -> None:
    person = await shared.enrol()
    body = shared.session(person, sign=True)
    session_id = await shared.peer.created(SESSIONS, body)
    before = await shared.row(session_id)

    change = await shared.peer.put(f"{SESSIONS}/{session_id}", changed(shared.session(person)), 1)
    again = await shared.peer.put(f"{SESSIONS}/{session_id}/signature", {}, 1)

    for answer in (change, again):
        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/already-signed")
    assert await shared.row(session_id) == before


@pytest.mark.parametrize("assignment", ["outcome = 'no_show'", "signed_at = now()", "note = null", "status = 'draft'"])
async def test_not_even_sql_changes_what_is_signed(shared: Any, platform: Platform, assignment: str) -> None:
    person = await shared.enrol()
    session_id = await shared.peer.created(SESSIONS, shared.session(person, sign=True))
    before = await shared.row(session_id)

    with pytest.raises(DBAPIError, match="a signed session never changes"):
        await _update_as_the_api(platform, shared.peer.agency_id, f"{assignment} where id = '{session_id}'")

    assert await shared.row(session_id) == before


async def _update_as_the_api(platform: Platform, agency_id: UUID, change: str) -> None:
    """Run an UPDATE with the rights of the service itself."""
    password = platform.secrets["SESSION_LOGGING_API_PASSWORD"]
    api = create_async_engine(platform.addresses.database_url("session_logging_api", password), poolclass=NullPool)
    async with api.begin() as connection:
        await connection.exec_driver_sql(f"select set_config('app.agency_id', '{agency_id}', true)")
        await connection.exec_driver_sql(f"update session_logging.peer_session set {change}")


async def test_an_addendum_is_added_and_the_original_stays(shared: Any, platform: Platform) -> None:
    person = await shared.enrol()
    session_id = await shared.peer.created(SESSIONS, shared.session(person, sign=True))
    before = await shared.row(session_id)
    words = {"reason": "canary-reason wrong day", "words": "canary-words it was Monday"}

    await shared.peer.created(f"{SESSIONS}/{session_id}/addenda", words)

    after = await shared.row(session_id)
    assert dict(after) == dict(before) | {"version": 2}
    assert (await shared.told(session_id))[-1]["type"] == "session-amended"
    read = (await shared.peer.get(f"{SESSIONS}/{session_id}")).json()
    assert (read["addenda"][0]["reason"], read["addenda"][0]["words"]) == tuple(words.values())
    assert await platform.value("select count(*) from session_logging.addendum a where a::text like '%canary%'") == 0


async def test_a_draft_takes_no_addendum(shared: Any) -> None:
    person = await shared.enrol()
    session_id = await shared.peer.created(SESSIONS, shared.session(person))

    answer = await shared.peer.post(f"{SESSIONS}/{session_id}/addenda", {"reason": "r", "words": "w"})

    assert (answer.status_code, answer.json()["type"]) == (409, "/problems/not-signed-yet")


async def test_the_note_is_read_by_worker_caseload_and_supervisor_but_not_by_an_auditor(
    shared: Any, colleagues: Any
) -> None:
    person = await shared.enrol()
    session_id = await shared.peer.created(SESSIONS, shared.session(person))
    stranger = colleagues.peer
    supervisor = colleagues.supervisor
    auditor = colleagues.auditor

    read = await shared.peer.get(f"{SESSIONS}/{session_id}")

    assert read.headers["etag"] == '"1"'
    assert read.json()["note"]["summary"] == "canary-summary O'Brien and 李 walked to the clinic"
    for caller in (supervisor, shared.administrator):
        assert (await caller.get(f"{SESSIONS}/{session_id}")).json()["note"] == read.json()["note"]
    audited = await auditor.get(f"{SESSIONS}/{session_id}")
    assert (audited.status_code, audited.json()["note"]) == (200, None)
    assert (await stranger.get(f"{SESSIONS}/{session_id}")).status_code == 404


async def test_a_new_peer_reads_what_an_earlier_one_wrote_until_the_assignment_ends(
    shared: Any, colleagues: Any
) -> None:
    person = await shared.enrol()
    supervisor = colleagues.supervisor
    session_id = await supervisor.created(SESSIONS, shared.session(person))

    on_caseload = await shared.peer.get(f"{SESSIONS}/{session_id}")
    await shared.assign(person, shared.peer, valid_to=date(2026, 2, 1), seq=2)
    await shared.platform.eventually(
        "select seq from session_logging.assignment where id = :id", 2, id=person.assignment_id
    )
    afterwards = await shared.peer.get(f"{SESSIONS}/{session_id}")

    assert (on_caseload.status_code, afterwards.status_code) == (200, 404)


async def test_pages_show_what_one_may_see_newest_first_without_notes(practice: Any, http: Any) -> None:
    one, other = await practice.enrol_many(2)
    hours = ["09", "10", "11"]
    ids = [
        await practice.peer.created(
            SESSIONS, practice.session(one, started_at=f"2026-03-03T{hour}:00", ended_at=f"2026-03-03T{hour}:30")
        )
        for hour in hours
    ]
    await practice.peer.created(SESSIONS, practice.session(other))
    stranger = await add_staff(await open_agency(http, practice.platform), "supervisor")

    first = (await practice.peer.get(SESSIONS, participant_id=one.participant_id, limit=2)).json()
    second = (await practice.peer.get(SESSIONS, participant_id=one.participant_id, limit=2, next=first["next"])).json()

    assert [item["id"] for item in first["items"] + second["items"]] == [str(one) for one in reversed(ids)]
    assert second["next"] is None
    assert "note" not in first["items"][0]
    assert len((await practice.peer.get(SESSIONS)).json()["items"]) == 4
    assert (await stranger.get(SESSIONS)).json()["items"] == []
    assert (await practice.peer.get(SESSIONS, next="nonsense")).status_code == 422
