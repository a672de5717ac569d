"""Supervision: several supervisors with shares, supervisions that were held, and what is agreed in them."""

import asyncio
import uuid
from typing import Any

import pytest

from handrail.testing import add_staff

W = "/api/workforce/v1"
NOBODY = str(uuid.UUID(int=9))


def assigned(house: Any, **changed: Any) -> dict[str, Any]:
    return {
        "staff_id": str(house.peer.staff_id), "supervisor_id": str(house.colleague.staff_id),
        "valid_from": "2026-03-01",
    } | changed  # fmt: skip


def held(house: Any, *others: Any, **changed: Any) -> dict[str, Any]:
    return {
        "staff_ids": [str(one.staff_id) for one in (house.peer, *others)], "held_on": "2026-02-03", "minutes": 45,
        "mode": "video", "topics": ["safety", "caseload"], "words": "quokka shared", "own_notes": "quokka own",
        "follow_ups": [{"staff_id": str(house.peer.staff_id), "what": "quokka call", "due_on": "2026-02-10"}],
    } | changed  # fmt: skip


async def test_two_supervisors_share_a_worker_up_to_the_whole(open_house: Any) -> None:
    house = await open_house()  # its supervisor has the whole of the peer
    half = assigned(house, fte="0.5", beside_others=True)

    beside = await house.administrator.post(f"{W}/supervisor-assignments", half)
    instead = await house.administrator.created(f"{W}/supervisor-assignments", assigned(house, fte="0.5"))
    third = await add_staff(house.administrator, "supervisor")
    with_third = half | {"supervisor_id": str(third.staff_id), "valid_from": "2026-04-01"}
    second = await house.administrator.created(f"{W}/supervisor-assignments", with_third)
    too_much = await house.administrator.post(
        f"{W}/supervisor-assignments", with_third | {"fte": "0.01", "valid_from": "2026-05-01"}
    )

    assert house.problem(beside) == house.problem(too_much) == (409, "supervision-shares-exceeded")
    today = (await house.peer.get(f"{W}/supervisor-assignments", on=house.day())).json()["items"]
    assert {(one["id"], one["fte"]) for one in today} == {(str(instead), "0.50"), (str(second), "0.50")}
    before = (await house.peer.get(f"{W}/supervisor-assignments", on="2026-02-28")).json()["items"]
    assert [one["supervisor_id"] for one in before] == [str(house.supervisor.staff_id)]
    [told] = await house.told(instead, "supervisor-assigned")
    assert told["fte"] == "0.5"


async def test_shares_recorded_at_once_never_exceed_the_whole(open_house: Any) -> None:
    house = await open_house()
    peer = await add_staff(house.administrator, "peer")
    body = assigned(house, staff_id=str(peer.staff_id), fte="0.4", beside_others=True)

    answers = await asyncio.gather(*(house.administrator.post(f"{W}/supervisor-assignments", body) for _ in range(5)))

    assert sorted(answer.status_code for answer in answers) == [201, 201, 409, 409, 409]


async def test_an_assignment_ends_and_is_never_made_longer(open_house: Any) -> None:
    house = await open_house()
    assignment_id = await house.administrator.created(f"{W}/supervisor-assignments", assigned(house))
    path = f"{W}/supervisor-assignments/{assignment_id}/end"

    early = await house.administrator.put(path, {"last_day": "2026-02-28"}, 1)
    ended = await house.administrator.put(path, {"last_day": "2026-06-30"}, 1)
    longer = await house.administrator.put(path, {"last_day": "2026-07-01"}, 2)
    others = [await caller.put(path, {"last_day": "2026-06-01"}, 2) for caller in (house.supervisor, house.stranger)]

    assert house.problem(early) == (422, "supervision-ends-before-it-starts")
    assert ended.status_code == 200
    assert house.problem(longer) == (409, "supervision-ended-earlier")
    assert [answer.status_code for answer in others] == [403, 404]
    assert (await house.told(assignment_id, "supervisor-assigned"))[-1]["valid_to"] == "2026-06-30"


async def test_who_sees_who_supervises_whom(house: Any) -> None:
    async def seen(caller: Any) -> int:
        return len((await caller.get(f"{W}/supervisor-assignments")).json()["items"])

    counts = [await seen(getattr(house, name)) for name in ("supervisor", "peer", "auditor", "colleague", "stranger")]

    assert counts == [1, 1, 1, 0, 0]


async def test_a_supervision_is_told_without_its_words(house: Any) -> None:
    supervision_id = await house.supervisor.created(f"{W}/supervisions", held(house))

    [told] = await house.told(supervision_id, "supervision-held")
    assert (told["minutes"], told["mode"], told["topics"]) == (45, "video", ["caseload", "safety"])
    assert told["staff_ids"] == [str(house.peer.staff_id)]
    assert await house.kept_anywhere("quokka") == []


async def test_who_sees_what_of_a_supervision(open_house: Any) -> None:
    house = await open_house()
    second = await add_staff(house.administrator, "peer")
    supervision_id = await house.supervisor.created(f"{W}/supervisions", held(house, second))
    path = f"{W}/supervisions/{supervision_id}"

    own, worker, other, administrator, auditor = [
        (await caller.get(path)).json()
        for caller in (house.supervisor, house.peer, second, house.administrator, house.auditor)
    ]
    unseen = [(await caller.get(path)).status_code for caller in (house.colleague, house.stranger)]

    assert (own["words"], own["own_notes"], own["follow_ups"][0]["what"]) == (
        "quokka shared", "quokka own", "quokka call",
    )  # fmt: skip
    assert (worker["words"], worker["own_notes"], len(worker["follow_ups"])) == ("quokka shared", None, 1)
    assert (other["words"], other["follow_ups"], other["staff_ids"]) == ("quokka shared", [], [str(second.staff_id)])
    for seen in (administrator, auditor):
        assert (seen["held_on"], seen["minutes"]) == ("2026-02-03", 45)
        hidden = ("mode", "topics", "words", "own_notes", "follow_ups")
        assert {seen[name] for name in hidden} == {None}
    assert unseen == [404, 404]


async def test_lists_are_of_ones_own(open_house: Any) -> None:
    house = await open_house()
    for day in ("2026-02-03", "2026-03-04"):
        await house.supervisor.created(f"{W}/supervisions", held(house, held_on=day, follow_ups=[]))

    async def days(caller: Any, **asked: str) -> list[str]:
        return [one["held_on"] for one in (await caller.get(f"{W}/supervisions", **asked)).json()["items"]]

    for caller in (house.supervisor, house.peer, house.administrator, house.auditor):
        assert await days(caller) == ["2026-03-04", "2026-02-03"]
    assert await days(house.supervisor, held_from="2026-03-01") == ["2026-03-04"]
    assert await days(house.supervisor, staff_id=str(house.colleague.staff_id)) == []
    assert [await days(house.colleague), await days(house.stranger)] == [[], []]
    first = (await house.peer.get(f"{W}/supervisions", limit=1)).json()
    assert await days(house.peer, next=first["next"]) == ["2026-02-03"]


async def test_a_worker_notes_a_supervision_and_the_supervisor_confirms_it(house: Any) -> None:
    body = {
        "supervisor_id": str(house.supervisor.staff_id), "held_on": "2026-02-05", "minutes": 30, "mode": "telephone",
        "words": "quokka noted",
    }  # fmt: skip
    supervision_id = await house.peer.created(f"{W}/supervision-proposals", body)
    assert await house.told(supervision_id, "") == []
    path = f"{W}/supervisions/{supervision_id}/confirmation"

    others = [(await caller.put(path, {}, 1)).status_code for caller in (house.peer, house.colleague, house.stranger)]
    confirmed = await house.supervisor.put(path, {}, 1)
    twice = await house.supervisor.put(path, {}, 2)

    assert others == [403, 404, 403]
    assert confirmed.status_code == 200
    assert house.problem(twice) == (409, "nothing-to-confirm")
    [told] = await house.told(supervision_id, "supervision-held")
    assert (told["seq"], told["minutes"], told["staff_ids"]) == (2, 30, [str(house.peer.staff_id)])
    record = (await house.supervisor.get(f"{W}/supervisions/{supervision_id}")).json()
    assert (record["words"], record["state"]) == ("quokka noted", "held")


async def test_a_worker_names_only_who_supervised_them(house: Any) -> None:
    body = {"held_on": "2026-02-05", "minutes": 30, "mode": "video"}

    for who in (house.colleague.staff_id, house.stranger.staff_id, uuid.uuid4()):
        answer = await house.peer.post(f"{W}/supervision-proposals", body | {"supervisor_id": str(who)})

        assert house.problem(answer) == (422, "not-your-supervisor")


async def test_a_supervision_is_taken_back_by_its_supervisor_or_an_administrator(house: Any) -> None:
    supervision_id = await house.supervisor.created(f"{W}/supervisions", held(house))
    path, body = f"{W}/supervisions/{supervision_id}/void", {"reason": "not_held"}

    by_worker = await house.peer.put(path, body, 1)
    by_others = [(await caller.put(path, body, 1)).status_code for caller in (house.colleague, house.stranger)]
    voided = await house.supervisor.put(path, body, 1)
    twice = await house.administrator.put(path, body, 2)

    assert house.problem(by_worker) == (403, "voided-by-supervisor")
    assert (by_others, voided.status_code) == ([404, 404], 200)
    assert house.problem(twice) == (409, "supervision-voided-already")
    assert [one["voided"] for one in await house.told(supervision_id, "supervision-held")] == [False, True]


async def test_a_proposal_is_taken_back_by_its_worker_and_told_to_nobody(house: Any) -> None:
    body = {"supervisor_id": str(house.supervisor.staff_id), "held_on": "2026-02-05", "minutes": 30, "mode": "video"}
    supervision_id = await house.peer.created(f"{W}/supervision-proposals", body)

    voided = await house.peer.put(f"{W}/supervisions/{supervision_id}/void", {"reason": "duplicate"}, 1)

    assert voided.status_code == 200
    assert await house.told(supervision_id, "") == []


async def test_a_follow_up_is_done_by_the_worker_or_the_supervisor(open_house: Any) -> None:
    house = await open_house()
    await house.supervisor.created(f"{W}/supervisions", held(house))
    [open_one] = (await house.peer.get(f"{W}/supervision-follow-ups")).json()["items"]
    path = f"{W}/supervision-follow-ups/{open_one['id']}/done"

    unseen = [await caller.put(path, {"done_on": "2026-02-09"}, 1) for caller in (house.administrator, house.stranger)]
    early = await house.peer.put(path, {"done_on": "2026-02-02"}, 1)
    late = await house.peer.put(path, {"done_on": house.day(1)}, 1)
    done = await house.peer.put(path, {"done_on": "2026-02-09"}, 1)
    twice = await house.supervisor.put(path, {"done_on": "2026-02-09"}, 2)

    assert (open_one["what"], open_one["due_on"]) == ("quokka call", "2026-02-10")
    assert [answer.status_code for answer in unseen] == [404, 404]
    assert house.problem(early) == (422, "done-before-the-supervision")
    assert house.problem(late) == (422, "done-in-the-future")
    assert (done.status_code, house.problem(twice)) == (200, (409, "follow-up-done-already"))
    assert (await house.supervisor.get(f"{W}/supervision-follow-ups")).json()["items"] == []
    assert len((await house.supervisor.get(f"{W}/supervision-follow-ups", done=True)).json()["items"]) == 1
    assert (await house.administrator.get(f"{W}/supervision-follow-ups", done=True)).json()["items"] == []


BAD = [
    ({"held_on": "tomorrow"}, "/held_on"),
    ({"held_on": "2019-12-31"}, "/staff_ids/0"),
    ({"minutes": 0}, "/minutes"),
    ({"minutes": 601}, "/minutes"),
    ({"mode": "letter"}, "/mode"),
    ({"topics": ["safety", "safety"]}, "/topics"),
    ({"staff_ids": []}, "/staff_ids"),
    ({"staff_ids": [NOBODY]}, "/staff_ids/0"),
    (
        {"follow_ups": [{"staff_id": NOBODY, "what": "x", "due_on": "2026-02-10"}]},
        "/follow_ups/0/staff_id",
    ),
]


@pytest.mark.parametrize(("changed", "pointer"), BAD)
async def test_a_supervision_that_cannot_be_leaves_nothing(house: Any, changed: dict[str, Any], pointer: str) -> None:
    before, body = await house.counted("supervision"), held(house, **house.dated(changed))

    answer = await house.refused_once(house.supervisor.post(f"{W}/supervisions", body))

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)
    assert await house.counted("supervision") == before


async def test_nobody_supervises_themself_and_only_supervisors_record(house: Any) -> None:
    own = await house.supervisor.post(f"{W}/supervisions", held(house, house.supervisor))
    others = [await caller.post(f"{W}/supervisions", held(house)) for caller in (house.peer, house.administrator)]

    assert house.problem(own) == (422, "supervises-oneself")
    assert [answer.status_code for answer in others] == [403, 403]
