"""Trainings one by one and by the spreadsheet, hours that count in a cycle, and hours of work."""

import asyncio
import uuid
from typing import Any

import pytest

W = "/api/workforce/v1"
CANARY = "quokka-title"


def training(house: Any, **changed: Any) -> dict[str, Any]:
    return {
        "staff_id": str(house.peer.staff_id), "kind": "continuing", "topic": "ethics", "hours": "1.5",
        "completed_on": "2026-02-03", "title": f"{CANARY} {uuid.uuid4().hex}", "provider": f"{CANARY} institute",
        "categories": [9, 4], "evidence_sha256": "ab" * 32,
    } | changed  # fmt: skip


async def test_a_training_is_told_without_its_words(house: Any) -> None:
    training_id = await house.supervisor.created(f"{W}/trainings", training(house))

    [told] = await house.told(training_id, "training-recorded")
    assert (told["hours"], told["kind"], told["categories"], told["voided"]) == ("1.5", "continuing", [4, 9], False)
    assert await house.kept_anywhere(CANARY) == []


async def test_a_voided_training_counts_no_longer_and_may_be_told_anew(house: Any) -> None:
    body = training(house)
    training_id = await house.supervisor.created(f"{W}/trainings", body)
    path = f"{W}/trainings/{training_id}/void"

    again = await house.administrator.post(f"{W}/trainings", body)
    voided = await house.supervisor.put(path, {"reason": "not_completed"}, 1)
    twice = await house.administrator.put(path, {"reason": "duplicate"}, 2)
    anew = await house.administrator.post(f"{W}/trainings", body)

    assert house.problem(again) == (409, "training-recorded-already")
    assert (voided.status_code, anew.status_code) == (200, 201)
    assert house.problem(twice) == (409, "training-voided-already")
    assert [one["voided"] for one in await house.told(training_id, "training-recorded")] == [False, True]


async def test_the_same_hours_told_twice_at_once_are_kept_once(house: Any) -> None:
    body = training(house)

    answers = await asyncio.gather(*(house.administrator.post(f"{W}/trainings", body) for _ in range(5)))

    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409]


async def test_who_records_and_sees_trainings(house: Any) -> None:
    body = training(house)
    own = training(house, staff_id=str(house.supervisor.staff_id))
    path = f"{W}/staff/{house.peer.staff_id}/trainings"

    refused = [await caller.post(f"{W}/trainings", body) for caller in (house.peer, house.auditor)]
    unreached = [await caller.post(f"{W}/trainings", body) for caller in (house.colleague, house.stranger)]
    of_oneself = await house.supervisor.post(f"{W}/trainings", own)

    assert [answer.status_code for answer in [*refused, *unreached, of_oneself]] == [403, 403, 404, 404, 404]
    readers = (house.peer, house.supervisor, house.administrator, house.auditor, house.colleague, house.stranger)
    assert [(await caller.get(path)).status_code for caller in readers] == [200, 200, 200, 404, 404, 404]


BAD = [
    ({"hours": "1.1"}, "/hours"),
    ({"hours": 0}, "/hours"),
    ({"hours": "NaN"}, "/hours"),
    ({"completed_on": "tomorrow"}, "/completed_on"),
    ({"categories": [13]}, "/categories/0"),
    ({"categories": [3, 3]}, "/categories"),
    ({"evidence_sha256": "xy"}, "/evidence_sha256"),
    ({"title": " "}, "/title"),
    ({"score": 4}, "/score"),
]


@pytest.mark.parametrize(("changed", "pointer"), BAD)
async def test_a_training_that_cannot_be_leaves_nothing(house: Any, changed: dict[str, Any], pointer: str) -> None:
    before = await house.counted("training")

    answer = await house.refused_once(house.supervisor.post(f"{W}/trainings", training(house, **house.dated(changed))))

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)
    assert await house.counted("training") == before


async def test_a_spreadsheet_is_recorded_whole(open_house: Any) -> None:
    house = await open_house()
    rows = [training(house, completed_on=f"2026-01-{1 + n % 28:02}", hours="0.25") for n in range(499)]
    by_address = training(house, email=house.colleague.email.upper())
    del by_address["staff_id"]

    answer = await house.administrator.post(f"{W}/training-imports", {"trainings": [*rows, by_address]}, key="one-file")
    again = await house.administrator.post(f"{W}/training-imports", {"trainings": [*rows, by_address]}, key="one-file")

    assert (answer.status_code, len(answer.json()["ids"]), again.content) == (201, 500, answer.content)
    assert await house.counted("training") == 500
    theirs = (await house.colleague.get(f"{W}/staff/{house.colleague.staff_id}/trainings")).json()["items"]
    assert [one["title"] for one in theirs] == [by_address["title"]]
    ever = (await house.peer.get(f"{W}/staff/{house.peer.staff_id}/education")).json()["ever"]
    assert ever["total"] == "124.75"
    [told] = await house.told(answer.json()["ids"][-1], "training-recorded")
    assert told["staff_id"] == str(house.colleague.staff_id)


async def test_a_spreadsheet_with_a_fault_records_nothing_and_names_every_row(house: Any) -> None:
    good = training(house)
    nobody = training(house, email="nobody@nowhere.test")
    del nobody["staff_id"]
    strangers = training(house, staff_id=str(house.stranger.staff_id))
    late = training(house, completed_on=house.day(1))
    before = await house.counted("training")

    answer = await house.administrator.post(
        f"{W}/training-imports", {"trainings": [good, nobody, good | {"title": "other"}, strangers, late]}
    )

    assert answer.status_code == 422
    pointers = [fault["pointer"] for fault in answer.json()["errors"]]
    assert pointers == ["/trainings/1/email", "/trainings/3/staff_id", "/trainings/4/completed_on"]
    assert await house.counted("training") == before


async def test_a_row_told_twice_in_a_spreadsheet_or_before_is_named(house: Any) -> None:
    known, new = training(house), training(house)
    await house.administrator.created(f"{W}/trainings", known)

    answer = await house.administrator.post(f"{W}/training-imports", {"trainings": [new, known, new]})

    assert house.problem(answer) == (422, "training-recorded-already")
    assert [fault["pointer"] for fault in answer.json()["errors"]] == ["/trainings/1/title", "/trainings/2/title"]


@pytest.mark.parametrize("who", [{}, {"staff_id": str(uuid.UUID(int=7)), "email": "a@b.test"}])
async def test_a_row_names_one_person_one_way(house: Any, who: dict[str, str]) -> None:
    row = training(house)
    del row["staff_id"]

    answer = await house.administrator.post(f"{W}/training-imports", {"trainings": [row | who]})

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/trainings/0")


async def test_more_than_five_hundred_rows_are_refused(house: Any) -> None:
    answer = await house.administrator.post(f"{W}/training-imports", {"trainings": [training(house)] * 501})

    assert answer.status_code == 422


async def test_education_counts_the_running_cycle(open_house: Any) -> None:
    house = await open_house()
    await house.administrator.created(
        f"{W}/credentials",
        {
            "staff_id": str(house.peer.staff_id), "credential_type": "recovery_coach", "specialty": "substance_use",
            "issuer": "Board", "valid_from": "2025-06-01", "valid_to": house.day(400), "cycle_from": "2026-01-01",
            "renewal_on": house.day(300),
        },
    )  # fmt: skip
    for body in (
        {"completed_on": "2025-12-31", "hours": 8}, {"completed_on": "2026-01-01", "hours": "1.25"},
        {"hours": "2.5"}, {"kind": "core", "topic": "advocacy", "hours": 10},
    ):  # fmt: skip
        await house.supervisor.created(f"{W}/trainings", training(house, **body))

    education = (await house.supervisor.get(f"{W}/staff/{house.peer.staff_id}/education")).json()

    [cycle] = education["cycles"]
    assert (cycle["from_on"], cycle["to_on"], cycle["total"]) == ("2026-01-01", house.day(300), "13.75")
    assert cycle["hours"] == [
        {"kind": "continuing", "topic": "ethics", "hours": "3.75"},
        {"kind": "core", "topic": "advocacy", "hours": "10.00"},
    ]
    assert education["ever"]["total"] == "21.75"
    assert (await house.colleague.get(f"{W}/staff/{house.peer.staff_id}/education")).status_code == 404


async def test_pages_of_trainings_follow_each_other(open_house: Any) -> None:
    house = await open_house()
    for day in ("2026-03-01", "2026-02-01", "2026-03-01"):
        await house.supervisor.created(f"{W}/trainings", training(house, completed_on=day))
    path = f"{W}/staff/{house.peer.staff_id}/trainings"

    first = (await house.peer.get(path, limit=2)).json()
    rest = (await house.peer.get(path, limit=2, next=first["next"])).json()

    assert [one["completed_on"] for one in first["items"] + rest["items"]] == ["2026-03-01", "2026-03-01", "2026-02-01"]
    assert (len({one["id"] for one in first["items"] + rest["items"]}), rest["next"]) == (3, None)


def worked(house: Any, **changed: Any) -> dict[str, Any]:
    return {
        "staff_id": str(house.peer.staff_id), "kind": "supervised_work", "hours": "37.5", "from_on": "2026-02-02",
        "to_on": "2026-02-06", "place": "quokka clinic",
    } | changed  # fmt: skip


async def test_hours_of_work_add_up_without_what_was_taken_back(open_house: Any) -> None:
    house = await open_house()
    first = await house.supervisor.created(f"{W}/work-hours", worked(house))
    await house.administrator.created(f"{W}/work-hours", worked(house, kind="supervision_received", hours=2))
    await house.administrator.created(f"{W}/work-hours", worked(house, hours="0.25"))

    voided = await house.supervisor.put(f"{W}/work-hours/{first}/void", {"reason": "wrong_person"}, 1)

    assert voided.status_code == 200
    page = (await house.peer.get(f"{W}/staff/{house.peer.staff_id}/work-hours")).json()
    assert page["totals"] == {"supervised_work": "0.25", "supervision_received": "2.00"}
    assert {(one["hours"], one["void_reason"]) for one in page["items"]} == {
        ("37.50", "wrong_person"), ("2.00", None), ("0.25", None),
    }  # fmt: skip
    assert page["items"][0]["place"] == "quokka clinic"
    assert [one["voided"] for one in await house.told(first, "work-hours-recorded")] == [False, True]
    assert await house.kept_anywhere("quokka clinic") == []


BAD_HOURS = [
    ({"to_on": "2026-02-01"}, "/to_on"),
    ({"to_on": "tomorrow"}, "/to_on"),
    ({"hours": "120.25"}, "/hours"),
    ({"hours": "3.3"}, "/hours"),
    ({"kind": "voluntary"}, "/kind"),
]


@pytest.mark.parametrize(("changed", "pointer"), BAD_HOURS)
async def test_hours_that_cannot_be_leave_nothing(house: Any, changed: dict[str, Any], pointer: str) -> None:
    before = await house.counted("work_hours")

    answer = await house.refused_once(house.supervisor.post(f"{W}/work-hours", worked(house, **house.dated(changed))))

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)
    assert await house.counted("work_hours") == before


async def test_who_records_hours_of_whom(house: Any) -> None:
    answers = [
        await caller.post(f"{W}/work-hours", worked(house))
        for caller in (house.peer, house.auditor, house.colleague, house.stranger)
    ]
    readers = (house.colleague, house.stranger, house.auditor)
    path = f"{W}/staff/{house.peer.staff_id}/work-hours"

    assert [answer.status_code for answer in answers] == [403, 403, 404, 404]
    assert [(await caller.get(path)).status_code for caller in readers] == [404, 404, 404]
