"""What somebody types is saved as it stands: private, sealed, newest wins, gone after a month."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from handrail.testing import add_staff

DRAFTS = "/api/session-logging/v1/drafts"
FORM = {"note": {"summary": "canary-draft half a sen"}, "minutes": "3O", "chips": ["advocacy"]}


def body(revision: int = 1, **changed: Any) -> dict[str, Any]:
    return {"kind": "session", "revision": revision, "content": FORM} | changed


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


async def test_the_first_and_the_tenth_save_are_the_same_request(shared: Any) -> None:
    person, place = await shared.enrol(), f"{DRAFTS}/{uuid.uuid4()}"

    for revision in range(1, 11):
        content = FORM | {"note": {"summary": f"canary-draft {revision}"}}
        saved = await shared.peer.put(place, body(revision, participant_id=str(person.participant_id), content=content))
        assert saved.status_code == 200, saved.text

    read = (await shared.peer.get(place)).json()
    assert (read["revision"], read["content"]["note"]["summary"]) == (10, "canary-draft 10")
    assert (read["participant_id"], read["ends_soon"]) == (str(person.participant_id), False)
    (entry,) = [one for one in (await shared.peer.get(DRAFTS)).json() if one["id"] in place]
    assert "content" not in entry


async def test_the_same_save_again_changes_nothing_and_an_older_one_loses(shared: Any) -> None:
    place = f"{DRAFTS}/{uuid.uuid4()}"
    await shared.peer.put(place, body(5))

    again = await shared.peer.put(place, body(5))
    other_window = await shared.peer.put(place, body(5, content={"note": "other"}))
    older = await shared.peer.put(place, body(4))

    assert again.status_code == 200
    assert code(other_window) == code(older) == (409, "draft-is-newer")
    assert (await shared.peer.get(place)).json()["content"] == FORM


async def test_a_draft_is_its_writers_alone_and_ids_meet_nobody_elses(shared: Any, colleagues: Any) -> None:
    draft_id = uuid.uuid4()
    await shared.peer.put(f"{DRAFTS}/{draft_id}", body())

    for other in (colleagues.peer, colleagues.supervisor):
        assert (await other.get(f"{DRAFTS}/{draft_id}")).status_code == 404
        assert code(await other.delete(f"{DRAFTS}/{draft_id}")) == (404, "not-found")
    theirs = await colleagues.peer.put(f"{DRAFTS}/{draft_id}", body(content={"mine": 1}))

    assert theirs.status_code == 200
    assert (await shared.peer.get(f"{DRAFTS}/{draft_id}")).json()["content"] == FORM


async def test_what_is_deleted_is_gone(shared: Any) -> None:
    place = f"{DRAFTS}/{uuid.uuid4()}"
    await shared.peer.put(place, body())

    gone = await shared.peer.delete(place)
    again = await shared.peer.delete(place)

    assert (gone.status_code, code(again)) == (204, (404, "not-found"))
    assert (await shared.peer.get(place)).status_code == 404


async def test_words_are_sealed_told_to_nobody_and_never_counted(practice: Any) -> None:
    person = await practice.enrol()
    about, mine = uuid.uuid4(), uuid.uuid4()
    await practice.peer.put(f"{DRAFTS}/{about}", body(participant_id=str(person.participant_id)))
    await practice.peer.put(f"{DRAFTS}/{mine}", body())

    rows = await practice.platform.fetch(
        "select content, owner_id from session_logging.note_draft where agency_id = :id",
        id=practice.administrator.agency_id,
    )
    assert all(b"canary" not in bytes(row["content"]) for row in rows)
    assert {row["owner_id"] for row in rows} == {person.participant_id, practice.peer.staff_id}
    left = await practice.rows_left()
    assert (left["sessions"], left["events"], left["answers"]) == (0, 0, 0)


async def test_somebody_out_of_reach_has_no_draft(shared: Any) -> None:
    stranger = await add_staff(shared.administrator, "peer")
    person = await shared.enrol()

    answer = await stranger.put(f"{DRAFTS}/{uuid.uuid4()}", body(participant_id=str(person.participant_id)))

    assert code(answer) == (404, "not-found")


async def test_a_draft_ends_after_thirty_days_and_says_so_a_week_before(practice: Any) -> None:
    old, ageing = uuid.uuid4(), uuid.uuid4()
    for draft_id in (old, ageing):
        await practice.peer.put(f"{DRAFTS}/{draft_id}", body())
    aged = "update session_logging.note_draft set saved_at = now() - cast(:age as interval) where id = :id"
    async with practice.platform.admin.begin() as connection:
        await connection.execute(text(aged), {"age": timedelta(days=30, minutes=1), "id": old})
        await connection.execute(text(aged), {"age": timedelta(days=23, minutes=1), "id": ageing})

    listed = (await practice.peer.get(DRAFTS)).json()
    hidden = await practice.peer.get(f"{DRAFTS}/{old}")
    await practice.peer.put(f"{DRAFTS}/{uuid.uuid4()}", body())

    assert [(one["id"], one["ends_soon"]) for one in listed] == [(str(ageing), True)]
    assert hidden.status_code == 404
    assert await practice.platform.value("select count(*) from session_logging.note_draft where id = :id", id=old) == 0


NESTED: Any = {"a": {"b": {"c": {"d": {"e": {"f": {"g": 1}}}}}}}
BAD: list[dict[str, Any]] = [
    {"revision": 0},
    {"kind": "diagnosis"},
    {"content": "words"},
    {"content": NESTED},
    {"content": {"words": "x" * 70_000}},
    {"sign": True},
]


@pytest.mark.parametrize("changed", BAD, ids=lambda bad: str(bad)[:30])
async def test_what_is_no_draft_is_refused(shared: Any, changed: dict[str, Any]) -> None:
    answer = await shared.peer.put(f"{DRAFTS}/{uuid.uuid4()}", body() | changed)

    assert code(answer) == (422, "invalid-request")
