"""Signature, co-signature or return, answers and voiding; what stays, and who may."""

from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from handrail.testing import Caller, add_staff

SESSIONS = "/api/session-logging/v1/sessions"
REVIEWS = "/api/session-logging/v1/reviews"
BACK = {"reason": "missing_element", "words": "canary-back please add the next step"}


@pytest_asyncio.fixture(scope="session")
async def reviewed(open_practice: Any) -> Any:
    """A practice whose notes are all co-signed, with a supervisor."""
    return await open_practice(cosignature="always")


@pytest_asyncio.fixture(scope="session")
async def supervisor(reviewed: Any) -> Caller:
    caller = await add_staff(reviewed.administrator, "supervisor")
    await reviewed.heard("staff", [caller.staff_id])
    return caller


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


def changed(body: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name not in ("participant_id", "episode_id")} | more


async def signed(practice: Any, **more: Any) -> tuple[UUID, dict[str, Any]]:
    person = await practice.enrol()
    body = practice.session(person, **more)
    return await practice.peer.created(SESSIONS, body | {"sign": True}), body


async def read(caller: Any, session_id: UUID) -> dict[str, Any]:
    answer = await caller.get(f"{SESSIONS}/{session_id}")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


async def test_a_note_is_signed_then_co_signed_and_final(reviewed: Any, supervisor: Caller) -> None:
    session_id, _ = await signed(reviewed)
    assert (await read(reviewed.peer, session_id))["review"] == "awaited"

    answer = await supervisor.put(f"{SESSIONS}/{session_id}/co-signature", {}, 1)

    assert (answer.status_code, answer.json()["version"]) == (200, 2)
    final = await read(reviewed.peer, session_id)
    assert (final["status"], final["review"], final["cosigned_by"]) == ("signed", "cosigned", str(supervisor.staff_id))
    assert [step["kind"] for step in final["steps"]] == ["cosigned"]
    told = (await reviewed.told(session_id))[-1]
    assert (told["type"], told["review"], told["cosigned_by"]) == (
        "session-cosigned", "cosigned", str(supervisor.staff_id),
    )  # fmt: skip
    again = await supervisor.put(f"{SESSIONS}/{session_id}/co-signature", {}, 2)
    back = await supervisor.put(f"{SESSIONS}/{session_id}/return", BACK, 2)
    assert code(again) == code(back) == (409, "no-cosignature-awaited")


async def test_a_returned_note_is_mended_and_signed_again_and_what_was_signed_is_kept(
    reviewed: Any, supervisor: Caller
) -> None:
    session_id, body = await signed(reviewed)

    back = await supervisor.put(f"{SESSIONS}/{session_id}/return", BACK, 1)
    draft = await read(reviewed.peer, session_id)
    told = (await reviewed.told(session_id))[-1]
    mended = await reviewed.peer.put(f"{SESSIONS}/{session_id}", changed(body, note={"summary": "better"}), 2)
    again = await reviewed.peer.put(f"{SESSIONS}/{session_id}/signature", {}, 3)

    assert [answer.status_code for answer in (back, mended, again)] == [200, 200, 200]
    assert (draft["status"], draft["review"], draft["signed_at"]) == ("draft", "returned", None)
    assert {"signature", "credential"} <= set(draft["missing_elements"])
    (step,) = draft["steps"]
    assert (step["kind"], step["reason"], step["words"]) == ("returned", "missing_element", BACK["words"])
    assert step["signed_at"] is not None
    assert step["signed_note"]["note"]["summary"] == body["note"]["summary"]
    assert (told["type"], told["review"], told.get("signed_at")) == ("session-returned", "returned", None)
    assert "canary" not in str(told)
    after = await read(supervisor, session_id)
    assert (after["status"], after["review"], after["note"]["summary"]) == ("signed", "awaited", "better")
    rows = await reviewed.platform.fetch(
        "select words, signed_note from session_logging.review_step where session_id = :id", id=session_id
    )
    assert all(b"canary" not in bytes(value) for row in rows for value in (row["words"], row["signed_note"]))


async def test_nobody_co_signs_or_returns_their_own(reviewed: Any) -> None:
    both = await add_staff(reviewed.administrator, "peer", "supervisor")
    person = await reviewed.enrol(both)
    session_id = await both.created(SESSIONS, reviewed.session(person, sign=True))

    assert code(await both.put(f"{SESSIONS}/{session_id}/co-signature", {}, 1)) == (403, "not-ones-own")
    # Who may co-sign needs no co-signature.
    assert (await read(both, session_id))["review"] is None


async def test_a_peer_may_not_co_sign_return_or_thank(reviewed: Any) -> None:
    session_id, _ = await signed(reviewed)
    place = f"{SESSIONS}/{session_id}"

    answers = [
        await reviewed.peer.put(f"{place}/co-signature", {}, 1),
        await reviewed.peer.put(f"{place}/return", BACK, 1),
        await reviewed.peer.post(f"{place}/answers", {"kind": "thanks"}),
    ]

    assert [answer.status_code for answer in answers] == [403, 403, 403]
    assert code(answers[2]) == (403, "only-supervisors")


async def test_drafts_and_final_notes_are_not_co_signed(shared: Any, colleagues: Any) -> None:
    person = await shared.enrol()
    draft = await shared.peer.created(SESSIONS, shared.session(person))
    final = await shared.peer.created(SESSIONS, shared.session(person, sign=True))

    on_draft = await colleagues.supervisor.put(f"{SESSIONS}/{draft}/co-signature", {}, 1)
    on_final = await colleagues.supervisor.put(f"{SESSIONS}/{final}/return", BACK, 1)

    assert code(on_draft) == (409, "not-signed-yet")
    assert code(on_final) == (409, "no-cosignature-awaited")


async def test_supervisors_comment_thank_and_approve_and_the_worker_answers(shared: Any, colleagues: Any) -> None:
    person = await shared.enrol()
    session_id = await shared.peer.created(SESSIONS, shared.session(person, sign=True))
    place = f"{SESSIONS}/{session_id}/answers"

    await colleagues.supervisor.created(place, {"kind": "thanks", "words": "canary-thanks well done"})
    await colleagues.supervisor.created(place, {"kind": "approval"})
    await shared.peer.created(place, {"words": "canary-answer thank you"})
    nothing = await shared.peer.post(place, {"kind": "comment"})

    shown = await read(shared.peer, session_id)
    assert [(step["kind"], step["words"]) for step in shown["steps"]] == [
        ("thanks", "canary-thanks well done"), ("approval", None), ("comment", "canary-answer thank you"),
    ]  # fmt: skip
    assert shown["version"] == 1
    assert code(nothing) == (422, "nothing-said")
    (told,) = await shared.told(UUID(shown["steps"][0]["id"]))
    assert (told["type"], told["kind"], told["staff_id"]) == ("note-answered", "thanks", str(shared.peer.staff_id))
    assert "canary" not in str(told)


async def test_a_stranger_hears_nothing_of_a_note(shared: Any, colleagues: Any) -> None:
    person = await shared.enrol()
    session_id = await shared.peer.created(SESSIONS, shared.session(person, sign=True))
    place = f"{SESSIONS}/{session_id}"

    answers = [
        await colleagues.peer.post(f"{place}/answers", {"words": "x"}),
        await colleagues.peer.put(f"{place}/void", {"reason": "other"}, 1),
    ]

    assert [code(answer) for answer in answers] == [(404, "not-found"), (404, "not-found")]


async def test_a_supervisor_voids_and_the_record_stays_and_says_why(shared: Any, colleagues: Any) -> None:
    person = await shared.enrol()
    session_id = await shared.peer.created(SESSIONS, shared.session(person, sign=True))
    place = f"{SESSIONS}/{session_id}"
    why = {"reason": "wrong_person", "words": "canary-void was written for a namesake"}

    by_worker = await shared.peer.put(f"{place}/void", why, 1)
    stale = await colleagues.supervisor.put(f"{place}/void", why, 9)
    done = await colleagues.supervisor.put(f"{place}/void", why, 1)
    again = await colleagues.supervisor.put(f"{place}/void", why, 2)

    assert code(by_worker) == (403, "only-supervisors")
    assert stale.status_code == 412
    assert done.status_code == 200
    assert code(again) == (409, "already-voided")
    shown = await read(shared.peer, session_id)
    assert (shown["status"], shown["void_reason"], shown["note"]["summary"][:14]) == (
        "voided", "wrong_person", "canary-summary",
    )  # fmt: skip
    told = (await shared.told(session_id))[-1]
    assert (told["type"], told["status"]) == ("session-voided", "voided")
    for move in ("signature", "co-signature"):
        answer = await colleagues.supervisor.put(f"{place}/{move}", {}, 2)
        assert answer.status_code in (403, 409)


async def test_a_worker_voids_an_own_draft(shared: Any) -> None:
    person = await shared.enrol()
    session_id = await shared.peer.created(SESSIONS, shared.session(person))

    answer = await shared.peer.put(f"{SESSIONS}/{session_id}/void", {"reason": "recorded_twice"}, 1)

    assert answer.status_code == 200
    refused = await shared.peer.put(f"{SESSIONS}/{session_id}/signature", {}, 2)
    assert code(refused) == (409, "already-voided")


async def test_waiting_notes_are_listed_oldest_first_and_mine_are_those_i_supervise(
    reviewed: Any, supervisor: Caller
) -> None:
    first, _ = await signed(reviewed)
    second, _ = await signed(reviewed)
    body = {
        "staff_id": str(reviewed.peer.staff_id), "supervisor_id": str(supervisor.staff_id), "valid_from": "2026-01-01",
    }  # fmt: skip

    before = (await supervisor.get(REVIEWS)).json()["items"]
    everybodys = (await supervisor.get(REVIEWS, mine="false", limit="100")).json()["items"]
    await reviewed.administrator.created("/api/workforce/v1/supervisor-assignments", body)
    await reviewed.platform.eventually(
        "select count(*) from session_logging.supervisor where supervisor_id = :id", 1, id=supervisor.staff_id
    )
    page = (await supervisor.get(REVIEWS, limit="1")).json()
    mine = page["items"]
    while page["next"]:
        page = (await supervisor.get(REVIEWS, limit="1", next=page["next"])).json()
        mine += page["items"]

    assert before == []
    ids = [note["id"] for note in everybodys]
    assert ids.index(str(first)) < ids.index(str(second))
    assert mine == everybodys
    assert (await reviewed.peer.get(REVIEWS)).status_code == 403


@pytest.mark.parametrize(
    ("setting", "credential", "accepted", "awaited"),
    [
        ("never", False, [], None),
        ("without_credential", False, [], "awaited"),
        ("without_credential", True, [], None),
        ("without_credential", True, ["licensed_clinician"], "awaited"),
        ("always", True, [], "awaited"),
    ],
)
async def test_a_program_says_whose_notes_are_co_signed(
    open_practice: Any, setting: str, credential: bool, accepted: list[str], awaited: str | None
) -> None:
    practice = await open_practice(cosignature=setting, accepted_credentials=accepted)
    if credential:
        await practice.credential()

    session_id, _ = await signed(practice)

    assert (await read(practice.peer, session_id))["review"] == awaited
