"""Packs by program and people by program: who may choose, what overlaps, what is told."""

from datetime import date
from typing import Any
from uuid import UUID

import httpx
import pytest

from common.packs import PACKS
from handrail.testing import Caller, Platform, add_staff, open_agency

W = "/api/workforce/v1"


async def program_of(administrator: Caller) -> UUID:
    return await administrator.created(f"{W}/programs", {"name": "Street team", "opened_on": "2025-01-01"})


def kind(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


async def told(platform: Platform, about: UUID) -> list[dict[str, Any]]:
    sql = (
        "select payload::jsonb -> 'data' as data, aggregate_seq from (select aggregate_id, aggregate_seq, payload "
        "from workforce.outbox union all select aggregate_id, aggregate_seq, payload from workforce.ledger) e "
        "where aggregate_id = :about order by aggregate_seq"
    )
    return [dict(row["data"]) for row in await platform.fetch(sql, about=about)]


async def test_every_pack_is_listed_and_says_who_stands_behind_each_rule(administrator: Caller) -> None:
    listed = (await administrator.get(f"{W}/packs")).json()["items"]
    texas = (await administrator.get(f"{W}/packs/TX", on="2026-11-02")).json()
    none = await administrator.get(f"{W}/packs/ZZ")

    assert [one["id"] for one in listed] == list(PACKS)
    assert {rule["parameter"]: rule["authority"] for rule in texas["rules"]}["supervision_interval"] == "STATE_REQ"
    assert kind(none) == (404, "not-found")


async def test_a_pack_shows_the_rules_of_the_day(administrator: Caller) -> None:
    before = (await administrator.get(f"{W}/packs/NC", on="2019-10-31")).json()["rules"]
    since = (await administrator.get(f"{W}/packs/NC", on="2019-11-01")).json()["rules"]

    assert before == []
    assert {rule["parameter"]: rule["value"] for rule in since} == {
        "supervisor_span_fte": 8,
        "caseload_max": 15,
        "group_max": 12,
    }


async def test_a_program_is_judged_by_the_packs_it_chose(platform: Platform, administrator: Caller) -> None:
    program_id = await program_of(administrator)
    path = f"{W}/programs/{program_id}/packs"

    choice_id = await administrator.created(path, {"pack_id": "TX", "valid_from": "2026-01-01"})
    again = await administrator.post(path, {"pack_id": "TX", "valid_from": "2026-06-01"})
    ended = await administrator.put(f"{W}/program-packs/{choice_id}/end", {"valid_to": "2026-05-31"}, version=1)
    anew = await administrator.post(path, {"pack_id": "TX", "valid_from": "2026-06-01"})
    longer = await administrator.put(f"{W}/program-packs/{choice_id}/end", {"valid_to": "2026-12-31"}, version=2)

    assert kind(again) == (409, "pack-chosen-already")
    assert (ended.status_code, anew.status_code, kind(longer)) == (200, 201, (409, "pack-ended-already"))
    listed = (await administrator.get(path)).json()["items"]
    assert [(one["valid_from"], one["valid_to"]) for one in listed] == [
        ("2026-06-01", None),
        ("2026-01-01", "2026-05-31"),
    ]
    assert [one.get("valid_to") for one in await told(platform, choice_id)] == [None, "2026-05-31"]


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ({"pack_id": "HANDRAIL-DEFAULT", "valid_from": "2026-01-01"}, (422, "pack-always-counts")),
        ({"pack_id": "ZZ", "valid_from": "2026-01-01"}, (422, "pack-unknown")),
        (
            {"pack_id": "TX", "valid_from": "2026-01-02", "valid_to": "2026-01-01"},
            (422, "pack-ends-before-it-starts"),
        ),
        ({"pack_id": "TX"}, (422, "invalid-request")),
    ],
)
async def test_a_wrong_choice_leaves_nothing(administrator: Caller, body: dict[str, Any], problem: Any) -> None:
    path = f"{W}/programs/{await program_of(administrator)}/packs"

    assert kind(await administrator.post(path, body)) == problem
    assert (await administrator.get(path)).json()["items"] == []


async def test_somebody_is_placed_in_their_role_within_their_employment(
    platform: Platform, administrator: Caller
) -> None:
    program_id = await program_of(administrator)
    peer = await add_staff(administrator, "peer")
    path = f"{W}/staff/{peer.staff_id}/placements"
    employed_from = (await administrator.get(f"{W}/staff/{peer.staff_id}")).json()["employed_from"]
    body = {"program_id": str(program_id), "role": "peer", "fte": "0.5", "valid_from": employed_from}

    placement_id = await administrator.created(path, body)
    again = await administrator.post(path, body | {"fte": "0.25"})
    other_role = await administrator.post(path, body | {"role": "supervisor"})
    too_early = await administrator.post(path, body | {"valid_from": "1990-01-01"})
    too_much = await administrator.post(path, body | {"fte": "1.5"})
    last = date.fromisoformat(employed_from).isoformat()
    ended = await administrator.put(f"{W}/placements/{placement_id}/end", {"valid_to": last}, version=1)

    assert [kind(one) for one in (again, other_role, too_early, too_much)] == [
        (409, "placed-already"),
        (422, "role-not-theirs"),
        (422, "not-employed-then"),
        (422, "invalid-request"),
    ]
    assert ended.status_code == 200
    (shown,) = (await administrator.get(path)).json()["items"]
    assert (shown["fte"], shown["valid_to"], shown["version"]) == ("0.50", last, 2)
    assert [(one["fte"], one.get("valid_to")) for one in await told(platform, placement_id)] == [
        ("0.5", None),
        ("0.50", last),
    ]


async def test_another_agencys_program_and_staff_are_not_there(
    platform: Platform, http: httpx.AsyncClient, administrator: Caller
) -> None:
    stranger = await open_agency(http, platform)
    program_id, peer = await program_of(administrator), await add_staff(administrator, "peer")
    pack = {"pack_id": "TX", "valid_from": "2026-01-01"}
    place = {"program_id": str(program_id), "role": "peer", "valid_from": "2026-01-01"}

    answers = [
        await stranger.post(f"{W}/programs/{program_id}/packs", pack),
        await stranger.get(f"{W}/programs/{program_id}/packs"),
        await stranger.post(f"{W}/staff/{peer.staff_id}/placements", place),
        await stranger.get(f"{W}/staff/{peer.staff_id}/placements"),
    ]

    assert {kind(one) for one in answers} == {(404, "not-found")}
    assert (await peer.post(f"{W}/programs/{program_id}/packs", pack)).status_code == 403
