"""Declarations: by the person alone, on paper before a witness, withdrawn, and how little a supervisor sees."""

from typing import Any

import pytest

W = "/api/workforce/v1"
ETHICS = {"kind": "code_of_ethics", "text_version": "2026-01"}


def path(house: Any) -> str:
    return f"{W}/staff/{house.peer.staff_id}/attestations"


async def test_a_person_signs_and_withdraws_for_themself(open_house: Any) -> None:
    house = await open_house()
    attestation_id = await house.peer.created(f"{W}/attestations", ETHICS)
    before = (await house.peer.get(path(house))).json()

    withdrawn = await house.peer.put(f"{W}/attestations/{attestation_id}/withdrawal", {}, 1)
    twice = await house.peer.put(f"{W}/attestations/{attestation_id}/withdrawal", {}, 2)

    assert (before["on_file"]["code_of_ethics"], before["items"][0]["witness_id"]) == (True, None)
    assert withdrawn.status_code == 200
    assert house.problem(twice) == (409, "attestation-withdrawn-already")
    assert (await house.peer.get(path(house))).json()["on_file"]["code_of_ethics"] is False
    first, second = await house.told(attestation_id, "attestation-signed")
    assert (first["signed_on"], first.get("withdrawn_on")) == (house.day(), None)
    assert (second["seq"], second["withdrawn_on"]) == (2, house.day())


async def test_nobody_signs_for_somebody_else(house: Any) -> None:
    for caller in (house.administrator, house.supervisor):
        answer = await caller.post(f"{W}/attestations", ETHICS | {"staff_id": str(house.peer.staff_id)})

        assert answer.status_code == 422


async def test_nobody_else_withdraws(house: Any) -> None:
    attestation_id = await house.peer.created(f"{W}/attestations", ETHICS)

    for caller in (house.administrator, house.supervisor, house.stranger):
        answer = await caller.put(f"{W}/attestations/{attestation_id}/withdrawal", {}, 1)

        assert answer.status_code == 404


async def test_a_paper_has_the_administrator_who_saw_it_as_witness(open_house: Any) -> None:
    house = await open_house()
    body = {
        "staff_id": str(house.peer.staff_id), "kind": "lived_experience", "text_version": "2026-01",
        "signed_on": "2026-02-01", "evidence_sha256": "cd" * 32,
    }  # fmt: skip

    await house.administrator.created(f"{W}/paper-attestations", body)
    own = await house.administrator.post(
        f"{W}/paper-attestations", body | {"staff_id": str(house.administrator.staff_id)}
    )
    others = [await caller.post(f"{W}/paper-attestations", body) for caller in (house.peer, house.supervisor)]
    stranger = await house.stranger.post(f"{W}/paper-attestations", body)
    future = await house.administrator.post(f"{W}/paper-attestations", body | {"signed_on": house.day(1)})

    assert house.problem(own) == (422, "own-witness")
    assert house.problem(future) == (422, "signed-in-the-future")
    assert [answer.status_code for answer in [*others, stranger]] == [403, 403, 404]
    [item] = (await house.peer.get(path(house))).json()["items"]
    assert (item["witness_id"], item["signed_on"]) == (str(house.administrator.staff_id), "2026-02-01")


async def test_a_supervisor_sees_only_what_is_on_file(open_house: Any) -> None:
    house = await open_house()
    for kind in ("code_of_ethics", "recovery"):
        await house.peer.created(f"{W}/attestations", ETHICS | {"kind": kind})

    seen = (await house.supervisor.get(path(house))).json()

    assert seen == {
        "on_file": {"code_of_ethics": True, "lived_experience": False, "recovery": True, "confidentiality": False},
        "items": None,
    }
    assert len((await house.administrator.get(path(house))).json()["items"]) == 2
    for caller in (house.colleague, house.auditor, house.stranger):
        assert (await caller.get(path(house))).status_code == 404


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [({"kind": "diagnosis"}, "/kind"), ({"text_version": "a b"}, "/text_version"), ({"why": "x"}, "/why")],
)
async def test_a_declaration_that_cannot_be_leaves_nothing(house: Any, changed: dict[str, str], pointer: str) -> None:
    before = await house.counted("attestation")

    answer = await house.refused_once(house.peer.post(f"{W}/attestations", ETHICS | changed))

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)
    assert await house.counted("attestation") == before
