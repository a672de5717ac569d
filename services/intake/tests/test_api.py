"""Intake through its HTTP API: the whole path of one person, and who may not."""

import json
from typing import Any
from uuid import UUID, uuid4

import pytest

from handrail.testing import Caller, add_staff

INTAKE = "/api/intake/v1"


def facts(event: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(event["payload"])["data"]
    return found


def kinds(events: list[Any]) -> list[tuple[str, int]]:
    return [(event["type"].split(".")[2], event["aggregate_seq"]) for event in events]


@pytest.mark.parametrize(
    "identity",
    [
        {"name": "Siobhán O'Brien"},
        {"name": "Íñigo Muñoz Peña"},
        {"name": "李"},
        {"name": "Cher"},
        {"name": "  van der  Berg "},
        {"alias": "Sunny"},
        {"name": "Ana", "birth_date": "1990-02-28", "phone": "(312) 555-0100", "email": "ana@example.test"},
        {"name": "Lee", "address": "Under the 5th Street bridge", "language": "zh-Hant", "sex": "female"},
    ],
)
async def test_people_are_kept_exactly_as_they_give_themselves(clinic: Any, identity: dict[str, str]) -> None:
    participant_id = await clinic.administrator.created(f"{INTAKE}/participants", identity)

    answer = await clinic.administrator.get(f"{INTAKE}/participants/{participant_id}")

    assert (answer.status_code, answer.headers["etag"]) == (200, '"1"')
    assert {name: answer.json()[name] for name in identity} == identity


async def test_enrolment_tells_the_age_band_and_nothing_that_names(clinic: Any) -> None:
    participant_id = await clinic.enrol(birth_date="1950-01-01", sex="male")

    (event,) = await clinic.events(participant_id)

    assert event["type"] == "handrail.intake.participant-enrolled.v1"
    assert set(facts(event)) == {"participant_id", "age_band", "sex", "enrolled_at", "imported", "origin"}
    assert (facts(event)["age_band"], facts(event)["sex"], facts(event)["imported"]) == ("65+", "male", False)


async def test_a_person_is_described_anew_only_by_who_saw_the_last_version(clinic: Any) -> None:
    path = f"{INTAKE}/participants/{await clinic.enrol()}"

    unseen = await clinic.administrator.put(path, {"name": "Mora"})
    right = await clinic.administrator.put(path, {"name": "Mora", "birth_date": "2001-01-01"}, version=1)
    stale = await clinic.administrator.put(path, {"name": "Moira"}, version=1)

    assert (unseen.status_code, unseen.json()["type"]) == (428, "/problems/if-match-missing")
    assert (right.status_code, right.headers["etag"]) == (200, '"2"')
    assert (stale.status_code, stale.json()["type"]) == (412, "/problems/stale-version")
    assert (await clinic.administrator.get(path)).json()["name"] == "Mora"


async def test_a_search_finds_what_is_written_another_way(clinic: Any) -> None:
    mark = uuid4().hex
    identity = {"name": f"Zoë  {mark}", "alias": f"Z {mark}", "birth_date": "1980-05-06", "phone": f"+1 {mark}"}
    identity |= {"phone": f"(7{mark.translate(str.maketrans('abcdef', '123456'))[:2]}) 555-01 00"}
    participant_id = str(await clinic.enrol(**identity, email=f"{mark}@example.test"))

    searches: list[dict[str, str]] = [
        {"name": f"zoe {mark}"},
        {"name": f"z {mark}"},
        {"name": f"ZOE {mark}", "birth_date": "1980-05-06"},
        {"email": f"{mark.upper()}@EXAMPLE.test"},
        {"phone": identity["phone"].replace(" ", "").replace("(", "+1 ("), "birth_date": "1980-05-06"},
    ]
    for search in searches:
        answer = await clinic.supervisor.post(f"{INTAKE}/participant-searches", search)
        assert [found["id"] for found in answer.json()["items"]] == [participant_id], search
    missed = await clinic.supervisor.post(
        f"{INTAKE}/participant-searches", {"name": f"zoe {mark}", "birth_date": "1980-05-07"}
    )
    assert missed.json() == {"items": [], "next": None}


async def test_a_search_turns_its_pages(clinic: Any) -> None:
    mark = uuid4().hex
    enrolled = [str(await clinic.enrol(name=f"Twin {mark}")) for _ in range(3)]

    first = (
        await clinic.administrator.post(f"{INTAKE}/participant-searches", {"name": f"twin {mark}", "limit": 2})
    ).json()
    body = {"name": f"twin {mark}", "limit": 2, "next": first["next"]}
    second = (await clinic.administrator.post(f"{INTAKE}/participant-searches", body)).json()

    assert [one["id"] for one in first["items"] + second["items"]] == enrolled
    assert second["next"] is None


async def test_a_peer_reaches_their_caseload_and_nobody_else(clinic: Any, nobody: UUID) -> None:
    mark = uuid4().hex
    participant_id = await clinic.enrol(name=mark)
    episode_id = await clinic.open(participant_id)
    path = f"{INTAKE}/participants/{participant_id}"

    before = await clinic.peer.get(path)
    nothing = await clinic.peer.get(f"{INTAKE}/participants/{nobody}")
    assignment_id = await clinic.assign(participant_id, episode_id)
    during = await clinic.peer.get(path)
    other = await clinic.other_peer.get(path)
    found = await clinic.peer.post(f"{INTAKE}/participant-searches", {"name": mark})
    hidden = await clinic.other_peer.post(f"{INTAKE}/participant-searches", {"name": mark})
    ended = await clinic.administrator.put(
        f"{INTAKE}/assignments/{assignment_id}/end", {"valid_to": "2026-01-06"}, version=1
    )
    after = await clinic.peer.get(path)

    neutral = {key: value for key, value in nothing.json().items() if key != "request_id"}
    for refused in (before, other, after):
        assert refused.status_code == 404
        assert {key: value for key, value in refused.json().items() if key != "request_id"} == neutral
    assert (during.status_code, ended.status_code) == (200, 200)
    assert [len(one.json()["items"]) for one in (found, hidden)] == [1, 0]
    assert kinds(await clinic.events(assignment_id)) == [("peer-assigned", 1), ("peer-unassigned", 2)]


async def test_a_peers_caseload_turns_its_pages(clinic: Any) -> None:
    peer = await add_staff(clinic.administrator, "peer")
    await clinic.platform.eventually("select count(*) from intake.staff where id = :s", 1, s=peer.staff_id)
    people = []
    for _ in range(3):
        participant_id = await clinic.enrol()
        await clinic.assign(participant_id, await clinic.open(participant_id), peer)
        people.append(str(participant_id))

    first = (await peer.get(f"{INTAKE}/caseload", limit=2)).json()
    second = (await peer.get(f"{INTAKE}/caseload", limit=2, next=first["next"])).json()

    assert [one["participant_id"] for one in first["items"] + second["items"]] == people
    assert second["next"] is None
    assert first["items"][0]["name"] == "Maura Canary-O'Brien"


async def test_a_notice_is_given(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    body = {"version": "npp-1", "language": "en", "channel": "paper"}

    notice_id = await clinic.peer.created(f"{INTAKE}/participants/{participant_id}/notices", body)

    (event,) = await clinic.events(notice_id)
    assert (facts(event)["version"], facts(event)["participant_id"]) == ("npp-1", str(participant_id))


async def test_an_episode_is_acknowledged_and_closed_with_all_that_hangs_on_it(clinic: Any) -> None:
    participant_id, episode_id = await clinic.assigned()
    plan = {
        "episode_id": str(episode_id),
        "agreed_at": "2026-01-10T16:00:00Z",
        "goals": [
            {"dimension": "home", "stated_by": "participant", "words": "My own key", "active_from": "2026-01-10"}
        ],
    }
    plan_id = await clinic.peer.created(f"{INTAKE}/plans", plan)

    notice = {"version": "npp-1", "language": "en", "channel": "paper"}
    await clinic.peer.created(f"{INTAKE}/participants/{participant_id}/notices", notice)

    acknowledged = await clinic.peer.post(f"{INTAKE}/episodes/{episode_id}/acknowledgement", {})
    again = await clinic.peer.post(f"{INTAKE}/episodes/{episode_id}/acknowledgement", {})
    closure = {"closed_on": "2026-02-01", "reason": "completed"}
    closed = await clinic.peer.put(f"{INTAKE}/episodes/{episode_id}/closure", closure, version=2)
    shown = await clinic.supervisor.get(f"{INTAKE}/episodes/{episode_id}")

    assert (acknowledged.json()["version"], again.status_code) == (2, 409)
    assert closed.json() == {"id": str(episode_id), "version": 3}
    assert (shown.json()["closed_on"], shown.headers["etag"]) == ("2026-02-01", '"3"')
    assert kinds(await clinic.events(episode_id)) == [
        ("episode-opened", 1),
        ("episode-changed", 2),
        ("episode-closed", 3),
    ]
    assert facts((await clinic.events(plan_id))[-1])["in_force_to"] == "2026-02-01"
    assert (await clinic.peer.get(f"{INTAKE}/participants/{participant_id}")).status_code == 404


async def test_what_is_recorded_of_a_person_is_listed(clinic: Any) -> None:
    participant_id, episode_id = await clinic.assigned()
    consent_id = await clinic.sign(participant_id)
    plan_id = await clinic.peer.created(
        f"{INTAKE}/plans", {"episode_id": str(episode_id), "declined_dimensions": ["home"]}
    )

    listed = (await clinic.peer.get(f"{INTAKE}/participants/{participant_id}/records")).json()
    hidden = await clinic.other_peer.get(f"{INTAKE}/participants/{participant_id}/records")

    assert [one["id"] for one in listed["episodes"]] == [str(episode_id)]
    assert [(one["id"], one["version"]) for one in listed["plans"]] == [(str(plan_id), 1)]
    assert [(one["id"], one["status"]) for one in listed["consents"]] == [(str(consent_id), "active")]
    assert [one["staff_id"] for one in listed["assignments"]] == [str(clinic.peer.staff_id)]
    assert hidden.status_code == 404


async def test_a_second_open_episode_of_one_program_is_refused(clinic: Any) -> None:
    participant_id = await clinic.enrol()
    await clinic.open(participant_id)

    body = {"participant_id": str(participant_id), "program_id": str(clinic.program_id), "opened_on": "2026-01-06"}
    second = await clinic.administrator.post(f"{INTAKE}/episodes", body)

    assert (second.status_code, second.json()["type"]) == (409, "/problems/episode-open-already")


async def test_an_assessment_tells_amounts_but_no_substance(clinic: Any) -> None:
    _, episode_id = await clinic.assigned()
    body = {
        "episode_id": str(episode_id),
        "point": "baseline",
        "collected_on": "2026-01-06",
        "use_days": {"canary-heroin": 12, "alcohol": 30},
        "employment": "unemployed",
        "in_education": False,
        "housing": "homeless",
        "arrests_30": 1,
        "mutual_aid_count_30": 4,
    }

    assessment_id = await clinic.peer.created(f"{INTAKE}/assessments", body)

    (event,) = await clinic.events(assessment_id)
    assert facts(event)["use_days_30"] == 30
    assert "heroin" not in event["payload"]
    assert {name: facts(event)[name] for name in ("employment", "in_education", "housing", "arrests_30")} == {
        "employment": "unemployed",
        "in_education": False,
        "housing": "homeless",
        "arrests_30": 1,
    }


async def test_a_plan_is_agreed_changed_and_followed_by_the_next(clinic: Any) -> None:
    _, episode_id = await clinic.assigned()
    goal = {"dimension": "home", "stated_by": "participant", "words": "A key — mine", "active_from": "2026-01-10"}
    body = {
        "episode_id": str(episode_id),
        "agreed_at": "2026-01-10T16:00:00Z",
        "goals": [goal, goal | {"dimension": "health"}],
    }
    body |= {"declined_dimensions": ["purpose"]}

    agreed = (await clinic.peer.post(f"{INTAKE}/plans", body)).json()
    added = (await clinic.peer.post(f"{INTAKE}/plans/{agreed['id']}/goals", goal | {"dimension": "community"})).json()
    path = f"{INTAKE}/plans/{agreed['id']}/goals/{agreed['goal_ids'][0]}"
    stale = await clinic.peer.put(path, {"active_to": "2026-01-20"}, version=1)
    ended = (await clinic.peer.put(path, {"active_to": "2026-01-20"}, version=2)).json()
    shown = (await clinic.peer.get(f"{INTAKE}/plans/{agreed['id']}")).json()
    await clinic.peer.created(f"{INTAKE}/plans", body | {"agreed_at": "2026-02-10T16:00:00Z"})
    late = await clinic.peer.post(f"{INTAKE}/plans/{agreed['id']}/goals", goal)

    assert (agreed["version"], added["version"], stale.status_code, ended["version"]) == (1, 2, 412, 3)
    assert added["goal_ids"][:2] == agreed["goal_ids"]
    assert [one["words"] for one in shown["goals"]] == ["A key — mine"] * 3
    assert shown["goals"][0]["active_to"] == "2026-01-20"
    events = await clinic.events(UUID(agreed["id"]))
    assert kinds(events) == [("plan-agreed", 1), ("plan-changed", 2), ("plan-changed", 3), ("plan-changed", 4)]
    last = facts(events[-1])
    assert (last["in_force_to"], last["declined_dimensions"]) == ("2026-02-09", ["purpose"])
    assert [one["dimension"] for one in last["goals"]] == ["home", "health", "community"]
    assert (late.status_code, late.json()["type"]) == (409, "/problems/plan-not-in-force")


async def test_two_plans_of_one_day_leave_the_first_its_day(clinic: Any) -> None:
    _, episode_id = await clinic.assigned()
    body = {"episode_id": str(episode_id), "declined_dimensions": ["home", "health", "purpose", "community"]}

    first = await clinic.peer.created(f"{INTAKE}/plans", body | {"agreed_at": "2026-01-10T15:00:00Z"})
    await clinic.peer.created(f"{INTAKE}/plans", body | {"agreed_at": "2026-01-10T16:00:00Z"})

    assert facts((await clinic.events(first))[-1])["in_force_to"] == "2026-01-10"


@pytest.mark.parametrize("who", ["supervisor", "administrator"])
async def test_only_an_employed_peer_is_assigned(clinic: Any, who: str) -> None:
    participant_id = await clinic.enrol()
    episode_id = await clinic.open(participant_id)
    body = {"participant_id": str(participant_id), "episode_id": str(episode_id), "valid_from": "2026-01-05"}

    answer = await clinic.supervisor.post(
        f"{INTAKE}/assignments", body | {"staff_id": str(getattr(clinic, who).staff_id)}
    )

    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/not-a-peer-then")


async def test_who_left_is_not_assigned(clinic: Any) -> None:
    peer = await add_staff(clinic.administrator, "peer")
    path = f"/api/workforce/v1/staff/{peer.staff_id}/departure"
    assert (await clinic.administrator.put(path, {"last_day": "2026-01-31"}, version=1)).status_code == 200
    await clinic.platform.eventually("select seq from intake.staff where id = :s", 2, s=peer.staff_id)
    participant_id = await clinic.enrol()
    body = {
        "participant_id": str(participant_id),
        "episode_id": str(await clinic.open(participant_id)),
        "staff_id": str(peer.staff_id),
        "valid_from": "2026-01-06",
    }

    answer = await clinic.supervisor.post(f"{INTAKE}/assignments", body)

    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/not-employed")


async def test_another_agencys_ids_are_no_ids(clinic: Any, stranger: Caller) -> None:
    participant_id, episode_id = await clinic.assigned()
    consent_id = await clinic.sign(participant_id)
    before = await clinic.rows()

    asked = [
        await stranger.get(f"{INTAKE}/participants/{participant_id}"),
        await stranger.get(f"{INTAKE}/episodes/{episode_id}"),
        await stranger.get(f"{INTAKE}/consents/{consent_id}"),
        await stranger.put(f"{INTAKE}/consents/{consent_id}/revocation", {}, version=1),
        await stranger.put(f"{INTAKE}/participants/{participant_id}", {"name": "Mine"}, version=1),
        await stranger.post(f"{INTAKE}/disclosures", clinic.disclosure(participant_id, consent_id)),
        await stranger.post(f"{INTAKE}/episodes/{episode_id}/acknowledgement", {}),
    ]

    assert [answer.status_code for answer in asked] == [404] * len(asked)
    assert await clinic.rows() == before


async def test_roles_decide_what_may_be_asked_at_all(clinic: Any) -> None:
    participant_id, episode_id = await clinic.assigned()
    assignment = {
        "participant_id": str(participant_id),
        "episode_id": str(episode_id),
        "staff_id": str(clinic.peer.staff_id),
        "valid_from": "2026-01-05",
    }

    refused = [
        await clinic.peer.post(f"{INTAKE}/assignments", assignment),
        await clinic.peer.post(f"{INTAKE}/imports", {"source_system": "x", "participants": []}),
        await clinic.supervisor.post(f"{INTAKE}/imports", {"source_system": "x", "participants": []}),
        await clinic.privacy_officer.post(f"{INTAKE}/participants", {"name": "Ana"}),
        await clinic.supervisor.get(f"{INTAKE}/caseload"),
    ]
    seen = await clinic.privacy_officer.get(f"{INTAKE}/participants/{participant_id}")

    assert [answer.status_code for answer in refused[1:2] + refused[3:]] == [403, 403, 403]
    assert (refused[0].status_code, seen.status_code) == (403, 200)


async def test_a_peer_may_not_write_for_who_is_not_theirs(clinic: Any) -> None:
    participant_id, episode_id = await clinic.assigned()
    consent_id = await clinic.sign(participant_id)
    plan_id = await clinic.administrator.created(
        f"{INTAKE}/plans", {"episode_id": str(episode_id), "declined_dimensions": ["home"]}
    )
    other, before = clinic.other_peer, await clinic.rows()
    goal = {"dimension": "home", "stated_by": "staff", "words": "x", "active_from": "2026-01-05"}

    asked = [
        await other.post(
            f"{INTAKE}/participants/{participant_id}/notices", {"version": "1", "language": "en", "channel": "paper"}
        ),
        await other.post(f"{INTAKE}/episodes/{episode_id}/acknowledgement", {}),
        await other.put(
            f"{INTAKE}/episodes/{episode_id}/closure", {"closed_on": "2026-02-01", "reason": "other"}, version=1
        ),
        await other.post(f"{INTAKE}/consents", clinic.consent(participant_id)),
        await other.put(f"{INTAKE}/consents/{consent_id}/revocation", {}, version=1),
        await other.post(f"{INTAKE}/disclosures", clinic.disclosure(participant_id, consent_id)),
        await other.post(
            f"{INTAKE}/assessments",
            {"episode_id": str(episode_id), "point": "baseline", "collected_on": "2026-01-06", "arrests_30": 0},
        ),
        await other.post(f"{INTAKE}/plans", {"episode_id": str(episode_id), "declined_dimensions": ["home"]}),
        await other.post(f"{INTAKE}/plans/{plan_id}/goals", goal),
        await other.get(f"{INTAKE}/plans/{plan_id}"),
        await other.get(f"{INTAKE}/consents/{consent_id}"),
    ]

    assert [answer.status_code for answer in asked] == [404] * len(asked)
    assert await clinic.rows() == before
