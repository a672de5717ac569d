"""Competencies: the list, levels between worker and supervisor, coverage, and never a league table."""

import uuid
from typing import Any

import pytest
from fastapi.routing import APIRoute
from pydantic import TypeAdapter

from handrail.testing import add_staff
from workforce.api import ROUTERS

W = "/api/workforce/v1"


def assessment(house: Any, **changed: Any) -> dict[str, Any]:
    return {
        "staff_id": str(house.peer.staff_id), "method": "observation", "assessed_on": "2026-02-03",
        "seen": [{"code": "CC-12.4", "level": 2, "words": "quokka words"}, {"code": "CC-3.1", "level": 4}],
        "words": "quokka summary",
    } | changed  # fmt: skip


async def test_the_list_says_what_is_confirmed_and_whose_scale_it_is(house: Any) -> None:
    said = (await house.peer.get(f"{W}/competencies")).json()

    codes = [item["code"] for category in said["categories"] for item in category["items"]]
    assert (len(codes), len(set(codes)), codes[0], codes[-1]) == (62, 62, "CC-1.1", "CC-12.4")
    tags = [category["confidence"] for category in said["categories"]]
    assert tags == ["confirmed"] * 4 + ["unverified_text"] * 8
    assert "SAMHSA defines no scale" in said["warning"]["en"]
    assert "SAMHSA no define ninguna escala" in said["warning"]["es"]


async def test_levels_stay_between_the_worker_and_their_supervisor(open_house: Any) -> None:
    house = await open_house()
    await house.supervisor.created(f"{W}/competency-assessments", assessment(house))
    path = f"{W}/staff/{house.peer.staff_id}/competency-assessments"

    readers = (house.peer, house.supervisor, house.administrator, house.colleague, house.auditor, house.stranger)
    answers = [await caller.get(path) for caller in readers]

    assert [answer.status_code for answer in answers] == [200, 200, 404, 404, 404, 404]
    [seen] = answers[0].json()["items"]
    assert answers[1].json()["items"] == [seen]
    assert seen["seen"][0] == {"code": "CC-12.4", "level": 2, "words": "quokka words"}
    assert (seen["words"], seen["categories"]) == ("quokka summary", [3, 12])
    assert "warning" in answers[0].json()


async def test_facts_carry_categories_and_no_levels(house: Any) -> None:
    assessment_id = await house.supervisor.created(f"{W}/competency-assessments", assessment(house))

    [told] = await house.told(assessment_id, "competencies-assessed")

    assert told["categories"] == [3, 12]
    assert "level" not in str(told)
    assert await house.kept_anywhere("quokka") == []


async def test_one_assesses_oneself_and_supervisors_assess_theirs(house: Any) -> None:
    own = assessment(house, method="self_assessment")

    assert (await house.peer.post(f"{W}/competency-assessments", own)).status_code == 201
    by_peer = await house.peer.post(f"{W}/competency-assessments", assessment(house))
    by_supervisor = await house.supervisor.post(f"{W}/competency-assessments", own)
    others = [
        await caller.post(f"{W}/competency-assessments", assessment(house))
        for caller in (house.administrator, house.colleague, house.stranger)
    ]

    assert house.problem(by_peer) == house.problem(by_supervisor) == (422, "assessor-does-not-fit")
    assert [answer.status_code for answer in others] == [404, 404, 404]


async def test_an_assessment_is_taken_back_by_its_assessor_alone(open_house: Any) -> None:
    house = await open_house()
    assessment_id = await house.supervisor.created(f"{W}/competency-assessments", assessment(house))
    path, body = f"{W}/competency-assessments/{assessment_id}/void", {"reason": "recorded_in_error"}

    others = [(await caller.put(path, body, 1)).status_code for caller in (house.peer, house.administrator)]
    voided = await house.supervisor.put(path, body, 1)

    assert (others, voided.status_code) == ([404, 404], 200)
    coverage = (await house.peer.get(f"{W}/staff/{house.peer.staff_id}/competency-coverage")).json()
    assert {one["assessed_on"] for one in coverage["categories"]} == {None}
    assert [one["voided"] for one in await house.told(assessment_id, "competencies-assessed")] == [False, True]


async def test_coverage_is_the_latest_day_of_each_category(open_house: Any) -> None:
    house = await open_house()
    for day, code in (("2026-02-03", "CC-3.1"), ("2026-05-04", "CC-3.2"), ("2026-04-01", "CC-3.4")):
        body = assessment(house, assessed_on=day, seen=[{"code": code, "level": 1}])
        await house.supervisor.created(f"{W}/competency-assessments", body)
    training = {
        "staff_id": str(house.peer.staff_id), "kind": "core", "topic": "advocacy", "hours": 4, "title": "T",
        "provider": "P", "completed_on": "2026-01-07", "categories": [3, 11],
    }  # fmt: skip
    await house.administrator.created(f"{W}/trainings", training)
    path = f"{W}/staff/{house.peer.staff_id}/competency-coverage"

    coverage = (await house.administrator.get(path)).json()["categories"]

    covered = {one["category"]: (one["assessed_on"], one["trained_on"]) for one in coverage}
    assert list(covered) == list(range(1, 13))
    assert (covered[3], covered[11], covered[1]) == (("2026-05-04", "2026-01-07"), (None, "2026-01-07"), (None, None))
    for caller in (house.colleague, house.stranger):
        assert (await caller.get(path)).status_code == 404


async def test_coverage_of_the_peers_is_counted_and_small_numbers_are_hidden(open_house: Any) -> None:
    house = await open_house()
    path = f"{W}/competency-coverage"
    alone = (await house.supervisor.get(path)).json()
    for _ in range(11):
        body = {"name": "Q", "email": f"{uuid.uuid4().hex}@a.test", "roles": ["peer"], "employed_from": "2026-01-01"}
        peer = await house.administrator.created(f"{W}/staff", body)
        training = {
            "staff_id": str(peer), "kind": "core", "topic": "advocacy", "hours": 4, "title": "T", "provider": "P",
            "completed_on": "2026-01-07", "categories": [3],
        }  # fmt: skip
        await house.administrator.created(f"{W}/trainings", training)
    gone = body | {"email": f"{uuid.uuid4().hex}@a.test", "employed_to": "2026-02-01"}
    await house.administrator.created(f"{W}/staff", gone)
    of_fixture = {
        "staff_id": str(house.peer.staff_id), "kind": "core", "topic": "advocacy", "hours": 4, "title": "T",
        "provider": "P", "completed_on": "2026-01-07", "categories": [3, 4],
    }  # fmt: skip
    await house.administrator.created(f"{W}/trainings", of_fixture)

    counted = (await house.administrator.get(path)).json()

    assert (alone["people"], {one["people"] for one in alone["categories"]}) == (None, {None})
    people = {one["category"]: one["people"] for one in counted["categories"]}
    assert (counted["people"], people[3], people[4], people[5]) == (12, 12, None, 0)
    assert (await house.peer.get(path)).status_code == 403
    assert (await house.stranger.get(path)).json()["people"] is None


BAD = [
    ({"seen": []}, "/seen"),
    ({"seen": [{"code": "CC-1.6", "level": 1}]}, "/seen"),
    ({"seen": [{"code": "CC-13.1", "level": 1}]}, "/seen/0/code"),
    ({"seen": [{"code": "CC-1.1", "level": 5}]}, "/seen/0/level"),
    ({"seen": [{"code": "CC-1.1", "level": 1}] * 2}, "/seen"),
    ({"assessed_on": "tomorrow"}, "/assessed_on"),
]


@pytest.mark.parametrize(("changed", "pointer"), BAD)
async def test_an_assessment_that_cannot_be_leaves_nothing(house: Any, changed: dict[str, Any], pointer: str) -> None:
    before, body = await house.counted("competency_assessment"), assessment(house, **house.dated(changed))

    answer = await house.refused_once(house.supervisor.post(f"{W}/competency-assessments", body))

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, pointer)
    assert await house.counted("competency_assessment") == before


def test_no_list_takes_a_level_as_filter_or_order_or_shows_levels_of_several_people() -> None:
    routes = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    lists = [route for route in routes if "GET" in route.methods]

    asked = {name.name for route in lists for name in route.dependant.query_params}
    showing = {route.path for route in lists if "level" in str(_shown(route))}

    assert {name for name in asked if "level" in name or "sort" in name or "order" in name or "rank" in name} == set()
    assert showing == {"/v1/staff/{staff_id}/competency-assessments"}


def _shown(route: APIRoute) -> set[str]:
    """Return the names of every field that a route answers with, however deep."""
    schema = TypeAdapter(route.response_model).json_schema() if route.response_model else {}
    models = [schema, *schema.get("$defs", {}).values()]
    return {name for model in models for name in model.get("properties", {})}


async def test_a_supervisor_of_yesterday_sees_no_levels(open_house: Any) -> None:
    house = await open_house()
    await house.supervisor.created(f"{W}/competency-assessments", assessment(house))
    successor = await add_staff(house.administrator, "supervisor")
    body = {"staff_id": str(house.peer.staff_id), "supervisor_id": str(successor.staff_id), "valid_from": house.day()}
    await house.administrator.created(f"{W}/supervisor-assignments", body)
    path = f"{W}/staff/{house.peer.staff_id}/competency-assessments"

    assert (await house.supervisor.get(path)).status_code == 404
    assert len((await successor.get(path)).json()["items"]) == 1
