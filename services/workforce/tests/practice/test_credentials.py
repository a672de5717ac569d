"""Credentials: recorded, renewed, suspended and corrected, and what was in force on a day."""

import uuid
from datetime import date
from typing import Any

import httpx
import pytest

W = "/api/workforce/v1"
NUMBER = "CPS-7719-quokka"


def said(house: Any, **changed: Any) -> dict[str, Any]:
    return {
        "staff_id": str(house.peer.staff_id), "credential_type": "certified_peer_specialist",
        "specialty": "substance_use", "issuer": "State board", "number": NUMBER, "stage": "initial",
        "valid_from": "2026-01-01", "valid_to": "2027-12-31", "cycle_from": "2026-01-01", "renewal_on": "2027-12-31",
        "exam_passed_on": "2025-11-03",
    } | changed  # fmt: skip


async def recorded(house: Any, **changed: Any) -> uuid.UUID:
    return await house.administrator.created(f"{W}/credentials", said(house, **changed))


async def put_status(house: Any, credential_id: Any, version: int, **body: str) -> httpx.Response:
    return await house.administrator.put(f"{W}/credentials/{credential_id}/status", body, version)


async def test_a_suspension_and_its_end_are_told_with_the_whole_history(house: Any) -> None:
    credential_id = await recorded(house)

    suspended = await put_status(house, credential_id, 1, status="suspended", since="2026-03-02", reason="complaint")
    active = await put_status(house, credential_id, 2, status="active", since="2026-04-10", reason="reinstated")

    assert [suspended.status_code, active.status_code, active.headers["etag"]] == [200, 200, '"3"']
    first, second, third = await house.told(credential_id, "credential-recorded credential-changed")
    assert (first["status"], first["statuses"]) == ("active", [{"status": "active", "since": "2026-01-01"}])
    assert (second["seq"], second["status"]) == (2, "suspended")
    assert third["statuses"] == [
        {"status": "active", "since": "2026-01-01"},
        {"status": "suspended", "since": "2026-03-02"},
        {"status": "active", "since": "2026-04-10"},
    ]
    assert (third["stage"], third["exam_passed_on"], third["cycle_from"]) == ("initial", "2025-11-03", "2026-01-01")


@pytest.mark.parametrize(
    ("on", "status", "in_force"),
    [
        ("2025-12-31", None, False),
        ("2026-03-01", "active", True),
        ("2026-03-02", "suspended", False),
        ("2026-04-09", "suspended", False),
        ("2026-04-10", "provisional", True),
        ("2028-01-01", "provisional", False),
    ],
)
async def test_what_was_in_force_on_a_day(house: Any, on: str, status: str | None, in_force: bool) -> None:
    credential_id = await recorded(house)
    await put_status(house, credential_id, 1, status="suspended", since="2026-03-02", reason="complaint")
    await put_status(house, credential_id, 2, status="provisional", since="2026-04-10", reason="requirements_pending")

    answer = await house.peer.get(f"{W}/staff/{house.peer.staff_id}/credentials", on=on)

    [entry] = [one for one in answer.json()["items"] if one["id"] == str(credential_id)]
    assert (entry["status"], entry["in_force"]) == (status, in_force)


REFUSED_STATUSES = [
    ({"status": "active"}, (409, "status-unchanged")),
    ({"since": "2025-12-31"}, (409, "status-before-an-earlier-one")),
    ({"since": "tomorrow"}, (422, "status-in-the-future")),
    ({"reason": "recorded"}, (422, "reason-not-for-changes")),
]


@pytest.mark.parametrize(("changed", "refusal"), REFUSED_STATUSES, ids=lambda one: str(one)[:40])
async def test_a_status_that_may_not_follow_is_refused(
    house: Any, changed: dict[str, str], refusal: tuple[int, str]
) -> None:
    credential_id = await recorded(house)
    body = {"status": "suspended", "since": "2026-02-01", "reason": "complaint"} | house.dated(changed)

    answer = await house.refused_once(put_status(house, credential_id, 1, **body))

    assert house.problem(answer) == refusal
    assert len(await house.told(credential_id, "credential-recorded")) == 1


async def test_what_was_revoked_comes_back_only_if_it_was_overturned(house: Any) -> None:
    credential_id = await recorded(house)
    await put_status(house, credential_id, 1, status="revoked", since="2026-02-01", reason="discipline")

    again = await put_status(house, credential_id, 2, status="active", since="2026-03-01", reason="reinstated")
    renewal = {"valid_from": "2028-01-01", "valid_to": "2029-12-31"}
    renewed = await house.administrator.post(f"{W}/credentials/{credential_id}/renewals", renewal)
    overturned = await put_status(house, credential_id, 2, status="active", since="2026-02-01", reason="overturned")

    assert house.problem(again) == house.problem(renewed) == (409, "credential-revoked")
    assert overturned.status_code == 200
    told = await house.told(credential_id, "credential-recorded credential-changed")
    assert told[-1]["statuses"] == [
        {"status": "active", "since": "2026-01-01"},
        {"status": "active", "since": "2026-02-01"},
    ]


async def test_a_renewal_follows_and_the_old_one_stays(house: Any) -> None:
    credential_id = await recorded(house)
    body = {"valid_from": "2028-01-01", "valid_to": "2029-12-31", "stage": "full"}
    path = f"{W}/credentials/{credential_id}/renewals"

    early = await house.administrator.post(path, body | {"valid_from": "2026-01-01"})
    renewed = await house.administrator.created(path, body)
    twice = await house.administrator.post(path, body)

    assert house.problem(early) == (422, "renewal-before-the-credential")
    assert house.problem(twice) == (409, "credential-renewed-already")
    new = (await house.administrator.get(f"{W}/credentials/{renewed}")).json()
    old = (await house.administrator.get(f"{W}/credentials/{credential_id}")).json()
    assert (new["renews"], new["credential_type"], new["issuer"]) == (
        str(credential_id), "certified_peer_specialist", "State board",
    )  # fmt: skip
    assert (old["renewed"], old["valid_to"], old["stage"], new["stage"]) == (True, "2027-12-31", "initial", "full")


async def test_a_correction_keeps_what_was_said_before(house: Any) -> None:
    credential_id = await recorded(house)
    corrected = said(house, valid_from="2025-12-01", number="CPS-7720", reason="typing_error")
    del corrected["staff_id"]

    answer = await house.administrator.put(f"{W}/credentials/{credential_id}", corrected, 1)

    assert answer.status_code == 200
    record = (await house.administrator.get(f"{W}/credentials/{credential_id}")).json()
    assert (record["number"], record["valid_from"]) == ("CPS-7720", "2025-12-01")
    [before] = record["corrections"]
    assert (before["number"], before["said"]["valid_from"], before["reason"]) == (NUMBER, "2026-01-01", "typing_error")
    told = await house.told(credential_id, "credential-recorded credential-changed")
    assert told[-1]["statuses"] == [{"status": "active", "since": "2025-12-01"}]


async def test_a_correction_may_not_begin_after_a_change_of_status(house: Any) -> None:
    credential_id = await recorded(house)
    await put_status(house, credential_id, 1, status="suspended", since="2026-02-01", reason="complaint")
    late = said(house, valid_from="2026-02-02", reason="typing_error")
    del late["staff_id"]

    answer = await house.administrator.put(f"{W}/credentials/{credential_id}", late, 2)

    assert house.problem(answer) == (409, "status-before-validity")


async def test_who_sees_a_credential(house: Any) -> None:
    credential_id = await recorded(house)
    path = f"{W}/credentials/{credential_id}"

    seen = {name: await getattr(house, name).get(path) for name in ("administrator", "supervisor", "peer", "auditor")}
    unseen = [await caller.get(path) for caller in (house.colleague, house.stranger)]
    nobodys = await house.colleague.get(f"{W}/credentials/{uuid.uuid4()}")

    numbers = {name: answer.json()["number"] for name, answer in seen.items()}
    assert numbers == {"administrator": NUMBER, "supervisor": NUMBER, "peer": NUMBER, "auditor": None}
    assert [answer.status_code for answer in unseen] == [404, 404]
    assert unseen[0].json() | {"request_id": ""} == nobodys.json() | {"request_id": ""}
    lists = [await caller.get(f"{W}/credentials") for caller in (house.colleague, house.stranger)]
    assert [answer.json()["items"] for answer in lists] == [[], []]
    of_person = f"{W}/staff/{house.peer.staff_id}/credentials"
    assert (await house.colleague.get(of_person)).status_code == 404


async def test_only_administrators_record_and_change(house: Any) -> None:
    credential_id = await recorded(house)

    for caller in (house.peer, house.supervisor, house.auditor):
        assert (await caller.post(f"{W}/credentials", said(house))).status_code == 403
        status = {"status": "revoked", "since": "2026-02-01", "reason": "other"}
        assert (await caller.put(f"{W}/credentials/{credential_id}/status", status, 1)).status_code == 403
    theirs = await house.stranger.put(
        f"{W}/credentials/{credential_id}/status", {"status": "revoked", "since": "2026-02-01", "reason": "other"}, 1
    )
    assert theirs.status_code == 404


async def test_pages_by_expiry_follow_each_other_without_what_expired(open_house: Any) -> None:
    house = await open_house()
    ends = [house.day(offset) for offset in (-1, 0, 10, 10, 20, 31)]
    for end in ends:
        await recorded(house, valid_to=end, renewal_on=None)

    first = (await house.administrator.get(f"{W}/credentials", expiring_before=house.day(31), limit=2)).json()
    rest = (await house.administrator.get(f"{W}/credentials", expiring_before=house.day(31), next=first["next"])).json()
    of_supervisor = (await house.supervisor.get(f"{W}/credentials", expiring_before=house.day(31))).json()

    assert [one["valid_to"] for one in first["items"] + rest["items"]] == [
        house.day(0),
        house.day(10),
        house.day(10),
        house.day(20),
    ]
    assert rest["next"] is None
    assert len(of_supervisor["items"]) == 4
    bad = await house.administrator.get(f"{W}/credentials", next=first["next"][:-4] + "AAAA")
    assert house.problem(bad) == (422, "bad-cursor")


async def test_credentials_are_found_by_their_status_on_a_day(open_house: Any) -> None:
    house = await open_house()
    credential_id, other = await recorded(house), await recorded(house, credential_type="recovery_coach")
    await put_status(house, credential_id, 1, status="suspended", since="2026-03-02", reason="complaint")

    async def found(**asked: str) -> set[str]:
        return {one["id"] for one in (await house.administrator.get(f"{W}/credentials", **asked)).json()["items"]}

    assert await found(status="suspended", on="2026-03-01") == set()
    assert await found(status="suspended", on="2026-03-02") == {str(credential_id)}
    assert await found(status="active", on="2026-03-02") == {str(other)}
    assert await found(credential_type="recovery_coach") == {str(other)}
    assert await found(staff_id=str(house.colleague.staff_id)) == set()


BAD = [
    ({"valid_to": "2025-12-31"}, "/valid_to"),
    ({"renewal_on": "2025-12-31"}, "/renewal_on"),
    ({"exam_passed_on": "tomorrow"}, "/exam_passed_on"),
    ({"number": "a\nb"}, "/number"),
    ({"stage": "master"}, "/stage"),
    ({"diagnosis": "x"}, "/diagnosis"),
]


@pytest.mark.parametrize(("changed", "pointer"), BAD, ids=[pointer for _, pointer in BAD])
async def test_a_credential_that_cannot_be_leaves_nothing(house: Any, changed: dict[str, str], pointer: str) -> None:
    before = await house.counted("credential")

    answer = await house.refused_once(house.administrator.post(f"{W}/credentials", said(house, **house.dated(changed))))

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)
    assert await house.counted("credential") == before


async def test_a_number_is_nowhere_in_clear(house: Any) -> None:
    await recorded(house)

    assert await house.kept_anywhere(NUMBER) == []


async def test_a_stale_version_changes_nothing(house: Any) -> None:
    credential_id = await recorded(house)
    await put_status(house, credential_id, 1, status="suspended", since="2026-03-02", reason="complaint")

    stale = await put_status(house, credential_id, 1, status="active", since="2026-03-03", reason="reinstated")

    assert stale.status_code == 412
    record = (await house.administrator.get(f"{W}/credentials/{credential_id}")).json()
    assert [(one["status"], date.fromisoformat(one["since"])) for one in record["statuses"]] == [
        ("active", date(2026, 1, 1)),
        ("suspended", date(2026, 3, 2)),
    ]
