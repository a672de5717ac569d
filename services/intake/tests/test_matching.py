"""Waiting, what peers say of themselves, matching, choosing and declining: the rules by hand, then through HTTP."""

import asyncio
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from handrail.testing import Caller, Platform, add_staff, open_agency
from intake.rules.matching import (
    Exclusion,
    Gender,
    Hours,
    Pathway,
    Peer,
    Standing,
    Wish,
    Wishes,
    rank,
    score_most,
    shared_minutes,
    weigh,
)

INTAKE = "/api/intake/v1"
TODAY = datetime.now(UTC).date()
TABLES = ("waiting", "peer_profile", "veto", "match", "match_candidate", "assignment")


def hours(day: int, starts: str, ends: str) -> Hours:
    return Hours.model_validate({"day": day, "from": starts, "to": ends})


def peer(number: int = 1, **said: Any) -> Peer:
    plain: dict[str, Any] = {"employed": True, "accepting": True, "caseload": 0, "limit": 25}
    return Peer(staff_id=UUID(int=number), **plain | said)


SPANISH = Wishes(languages=["es"])


@pytest.mark.parametrize(
    ("said", "wishes", "expected"),
    [
        ({}, Wishes(), {}),
        ({"languages": frozenset({"es"})}, SPANISH, {Wish.LANGUAGE: Standing.MET}),
        ({"languages": frozenset({"es-MX"})}, SPANISH, {Wish.LANGUAGE: Standing.MET}),
        ({"languages": frozenset({"ES"})}, Wishes(languages=["es-MX"]), {Wish.LANGUAGE: Standing.MET}),
        ({"languages": frozenset({"est"})}, SPANISH, {Wish.LANGUAGE: Standing.UNMET}),
        ({"languages": frozenset({"zh-Hans"})}, Wishes(languages=["zh-Hant"]), {Wish.LANGUAGE: Standing.UNMET}),
        ({}, SPANISH, {Wish.LANGUAGE: Standing.UNKNOWN}),
        ({"gender": Gender.WOMAN}, Wishes(gender_of_peer=Gender.WOMAN), {Wish.GENDER: Standing.MET}),
        ({"gender": Gender.MAN}, Wishes(gender_of_peer=Gender.WOMAN), {Wish.GENDER: Standing.UNMET}),
        ({}, Wishes(gender_of_peer=Gender.WOMAN), {Wish.GENDER: Standing.UNKNOWN}),
        (
            {"pathways": frozenset({Pathway.VETERAN, Pathway.OTHER})},
            Wishes(pathways=[Pathway.VETERAN, Pathway.FAMILY]),
            {Wish.PATHWAY: Standing.MET},
        ),
        ({"pathways": frozenset({Pathway.OTHER})}, Wishes(pathways=[Pathway.FAMILY]), {Wish.PATHWAY: Standing.UNMET}),
        (
            {"hours": (hours(1, "09:00", "17:00"),)},
            Wishes(schedule=[hours(1, "16:00", "18:00")]),
            {Wish.SCHEDULE: Standing.MET},
        ),
        (
            {"hours": (hours(1, "09:00", "17:00"),)},
            Wishes(schedule=[hours(1, "16:01", "18:00")]),
            {Wish.SCHEDULE: Standing.UNMET},
        ),
        ({}, Wishes(schedule=[hours(1, "16:00", "18:00")]), {Wish.SCHEDULE: Standing.UNKNOWN}),
    ],
)
def test_how_a_peer_stands_to_a_wish(said: dict[str, Any], wishes: Wishes, expected: dict[Wish, Standing]) -> None:
    assert weigh(peer(**said), wishes).standings == expected


@pytest.mark.parametrize(
    ("said", "wishes", "points"),
    [
        ({}, Wishes(), 0),
        ({"languages": frozenset({"es"})}, SPANISH, 40),
        ({"gender": Gender.MAN}, Wishes(gender_of_peer=Gender.MAN), 20),
        ({"hours": (hours(0, "00:00", "24:00"),)}, Wishes(schedule=[hours(0, "10:00", "11:00")]), 10),
        ({"pathways": frozenset({Pathway.FAMILY})}, Wishes(pathways=[Pathway.FAMILY]), 30),
        ({"pathways": frozenset({Pathway.FAMILY})}, Wishes(pathways=[Pathway.FAMILY, Pathway.VETERAN]), 15),
        ({"pathways": frozenset({Pathway.FAMILY})}, Wishes(pathways=[Pathway.VETERAN]), 0),
        (
            {"languages": frozenset({"es"}), "gender": Gender.WOMAN},
            Wishes(languages=["es"], gender_of_peer=Gender.WOMAN, pathways=[Pathway.FAMILY]),
            60,
        ),
    ],
)
def test_points(said: dict[str, Any], wishes: Wishes, points: int) -> None:
    assert weigh(peer(**said), wishes).score == points


def test_the_most_points_are_those_of_what_is_wished() -> None:
    everything = Wishes(
        languages=["es"], pathways=[Pathway.FAMILY], gender_of_peer=Gender.MAN, schedule=[hours(0, "10:00", "11:00")]
    )

    assert [score_most(wishes) for wishes in (Wishes(), SPANISH, everything)] == [0, 40, 100]


@pytest.mark.parametrize(
    ("said", "wishes", "because"),
    [
        ({}, Wishes(), ()),
        ({"employed": False}, Wishes(), (Exclusion.NOT_EMPLOYED,)),
        ({"vetoed": True}, Wishes(), (Exclusion.VETOED,)),
        ({"assigned_already": True}, Wishes(), (Exclusion.ASSIGNED_ALREADY,)),
        ({"accepting": False}, Wishes(), (Exclusion.NOT_ACCEPTING,)),
        ({"caseload": 24}, Wishes(), ()),
        ({"caseload": 25}, Wishes(), (Exclusion.NO_ROOM,)),
        ({"caseload": 30}, Wishes(), (Exclusion.NO_ROOM,)),
        ({"limit": 0}, Wishes(), (Exclusion.NO_ROOM,)),
        ({"languages": frozenset({"en"})}, SPANISH, ()),
        (
            {"languages": frozenset({"en"})},
            Wishes(languages=["es"], language_required=True),
            (Exclusion.LANGUAGE_REQUIRED,),
        ),
        ({"languages": frozenset({"es"})}, Wishes(languages=["es"], language_required=True), ()),
        ({}, Wishes(gender_of_peer=Gender.MAN, gender_required=True), (Exclusion.GENDER_REQUIRED,)),
        ({"vetoed": True, "caseload": 25}, Wishes(), (Exclusion.VETOED, Exclusion.NO_ROOM)),
    ],
)
def test_what_rules_a_peer_out(said: dict[str, Any], wishes: Wishes, because: tuple[Exclusion, ...]) -> None:
    assert weigh(peer(**said), wishes).because == because


def test_equal_points_go_by_room_then_by_the_longest_rest_then_by_id() -> None:
    peers = [
        peer(5, caseload=3, last_assigned_on=date(2026, 1, 1)),
        peer(4, caseload=2, last_assigned_on=date(2026, 2, 1)),
        peer(3, caseload=2, last_assigned_on=date(2026, 1, 1)),
        peer(2, caseload=2, last_assigned_on=date(2026, 1, 1)),
        peer(6, caseload=2),
        peer(7, caseload=9, languages=frozenset({"es"})),
    ]

    ranking = rank(peers, SPANISH)

    assert [one.peer.staff_id.int for one in ranking.candidates] == [7, 6, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("first", "second", "minutes"),
    [
        ([], [hours(0, "09:00", "10:00")], 0),
        ([hours(0, "09:00", "10:00")], [hours(1, "09:00", "10:00")], 0),
        ([hours(0, "09:00", "10:00")], [hours(0, "10:00", "11:00")], 0),
        ([hours(0, "09:00", "10:00"), hours(0, "09:30", "11:00")], [hours(0, "08:00", "12:00")], 120),
        ([hours(6, "23:00", "24:00")], [hours(6, "23:30", "24:00")], 30),
    ],
)
def test_shared_minutes(first: list[Hours], second: list[Hours], minutes: int) -> None:
    assert shared_minutes(first, second) == shared_minutes(second, first) == minutes


@pytest.mark.parametrize(
    "wishes",
    [
        {"language_required": True},
        {"gender_required": True},
        {"languages": ["es", "es"]},
        {"pathways": ["opioid_use_disorder"]},
        {"schedule": [{"day": 7, "from": "09:00", "to": "10:00"}]},
        {"schedule": [{"day": 1, "from": "22:00", "to": "06:00"}]},
        {"schedule": [{"day": 1, "from": "09:00", "to": "25:00"}]},
    ],
)
def test_wishes_that_cannot_be(wishes: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Wishes.model_validate(wishes)


patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])  # two busy cores
CODES = st.sampled_from(["en", "es", "es-MX", "zh"])
PEERS = st.lists(
    st.builds(
        Peer,
        staff_id=st.uuids(),
        employed=st.booleans(),
        accepting=st.booleans(),
        caseload=st.integers(0, 30),
        limit=st.integers(0, 30),
        languages=st.frozensets(CODES),
        pathways=st.frozensets(st.sampled_from(Pathway), max_size=4),
        gender=st.none() | st.sampled_from(Gender),
        last_assigned_on=st.none() | st.dates(date(2025, 1, 1), date(2026, 1, 1)),
        vetoed=st.booleans(),
        assigned_already=st.booleans(),
    ),
    max_size=12,
    unique_by=lambda one: one.staff_id,
)
WISHES = st.builds(
    Wishes,
    languages=st.lists(CODES, min_size=1, max_size=3, unique=True),
    language_required=st.booleans(),
    gender_of_peer=st.sampled_from(Gender),
    gender_required=st.booleans(),
    pathways=st.lists(st.sampled_from(Pathway), max_size=4, unique=True),
)


@patient
@given(PEERS, WISHES, st.randoms())
def test_the_order_in_which_peers_are_given_does_not_matter(peers: list[Peer], wishes: Wishes, random: Any) -> None:
    shuffled = random.sample(peers, len(peers))

    assert rank(peers, wishes) == rank(shuffled, wishes)


@patient
@given(PEERS, WISHES)
def test_nobody_vetoed_or_without_room_is_a_candidate(peers: list[Peer], wishes: Wishes) -> None:
    ranking = rank(peers, wishes)

    for one in ranking.candidates:
        assert one.peer.room > 0
        assert one.peer.employed
        assert one.peer.accepting
        assert not one.peer.vetoed
        assert not one.peer.assigned_already
    assert len(ranking.candidates) + len(ranking.excluded) == len(peers)


@patient
@given(PEERS, WISHES, st.integers(1, 10), st.data())
def test_more_room_never_lowers_a_rank(peers: list[Peer], wishes: Wishes, more: int, data: st.DataObject) -> None:
    before = [one.peer.staff_id for one in rank(peers, wishes).candidates]
    if not before:
        return
    lucky = data.draw(st.sampled_from(before))

    grown = [replace(one, limit=one.limit + more) if one.staff_id == lucky else one for one in peers]

    after = [one.peer.staff_id for one in rank(grown, wishes).candidates]
    assert after.index(lucky) <= before.index(lucky)
    assert [one for one in after if one != lucky] == [one for one in before if one != lucky]


@pytest_asyncio.fixture
async def team(platform: Platform, http: httpx.AsyncClient, clinic: Any) -> Any:
    """An agency of its own, with two peers and nobody else's caseloads."""
    administrator = await open_agency(http, platform)
    body = {"name": "Canary Peer Program", "opened_on": "2025-01-01"}
    program_id = await administrator.created("/api/workforce/v1/programs", body)
    supervisor, one, other = await asyncio.gather(
        add_staff(administrator, "supervisor"), add_staff(administrator, "peer"), add_staff(administrator, "peer")
    )
    for table, expected in (("agency", 1), ("program", 1), ("staff", 4)):
        sql = f"select count(*) from intake.{table} where agency_id = :a"
        await platform.eventually(sql, expected, a=administrator.agency_id)
    return replace(
        clinic, administrator=administrator, supervisor=supervisor, peer=one, other_peer=other, program_id=program_id
    )


async def wait(team: Any, participant_id: UUID, **more: object) -> UUID:
    body = {"participant_id": str(participant_id), "program_id": str(team.program_id), "since": "2026-01-10"} | more
    return await team.supervisor.created(f"{INTAKE}/waiting", body)


async def say(caller: Caller, version: int = 0, **profile: object) -> httpx.Response:
    answer = await caller.put(f"{INTAKE}/peer-profiles/{caller.staff_id}", profile, version)
    assert answer.status_code == 200, answer.text
    return answer


async def limit(team: Any, caller: Caller, people: int, version: int = 0) -> None:
    path = f"{INTAKE}/peer-profiles/{caller.staff_id}"
    answer = await team.supervisor.put(path, {"caseload_limit": people}, version)
    assert answer.status_code == 200, answer.text


async def ask(team: Any, waiting_id: UUID, **more: object) -> dict[str, Any]:
    answer = await team.supervisor.post(f"{INTAKE}/matches", {"waiting_id": str(waiting_id)} | more)
    assert answer.status_code == 201, answer.text
    asked: dict[str, Any] = answer.json()
    return asked


async def outcomes(team: Any, match_id: str) -> dict[str, str]:
    record = (await team.supervisor.get(f"{INTAKE}/matches/{match_id}")).json()
    return {row["staff_id"]: row["outcome"] for row in record["candidates"]}


async def count(team: Any, table: str) -> int:
    sql = f"select count(*) from intake.{table} where agency_id = :a"
    return int(await team.platform.value(sql, a=team.administrator.agency_id))


def staff(caller: Caller) -> str:
    return str(caller.staff_id)


async def test_the_queue_is_served_by_urgency_then_by_waiting_time(team: Any) -> None:
    people = [await team.enrol(alias=f"W{number}") for number in range(4)]
    last_week, yesterday = ((TODAY - timedelta(days=days)).isoformat() for days in (7, 2))
    await wait(team, people[0], since=yesterday)
    await wait(team, people[1], since=last_week)
    await wait(team, people[2], since=yesterday, urgency="urgent")
    await wait(team, people[3], since=yesterday, urgency="soon")

    asked = {"program_id": str(team.program_id), "limit": 3}
    first = (await team.supervisor.get(f"{INTAKE}/waiting", **asked)).json()
    second = (await team.supervisor.get(f"{INTAKE}/waiting", **asked, next=first["next"])).json()
    strange = await team.supervisor.get(f"{INTAKE}/waiting", **asked, next="WyJ4IiwgIjEiXQ")

    listed = first["items"] + second["items"]
    assert [entry["alias"] for entry in listed] == ["W2", "W3", "W1", "W0"]
    assert listed[2]["days_waited"] in (6, 7, 8)  # the agency's today may not be ours
    assert second["next"] is None
    assert (strange.status_code, strange.json()["type"]) == (422, "/problems/bad-cursor")


async def test_a_place_in_the_queue_is_taken_once_changed_and_left_with_a_reason(team: Any) -> None:
    participant_id = await team.enrol()
    wishes = {
        "languages": ["es"],
        "pathways": ["veteran"],
        "notes": "canary wish",
        "schedule": [{"day": 1, "from": "09:00", "to": "12:00"}],
    }
    waiting_id = await wait(team, participant_id, wishes=wishes)
    path = f"{INTAKE}/waiting/{waiting_id}"

    body = {"participant_id": str(participant_id), "program_id": str(team.program_id), "since": "2026-01-10"}
    twice = await team.supervisor.post(f"{INTAKE}/waiting", body)
    shown = await team.supervisor.get(path)
    changed = await team.supervisor.put(path, {"wishes": {"languages": ["en"]}, "urgency": "soon"}, 1)
    stale = await team.supervisor.put(path, {"wishes": {}, "urgency": "soon"}, 1)
    left = await team.supervisor.put(f"{path}/departure", {"reason": "withdrew"}, 2)
    again = await team.supervisor.put(f"{path}/departure", {"reason": "withdrew"}, 3)
    later = await wait(team, participant_id)
    history = (await team.supervisor.get(f"{INTAKE}/participants/{participant_id}/waiting")).json()

    assert (twice.status_code, twice.json()["type"]) == (409, "/problems/waiting-already")
    assert twice.json()["errors"][0]["pointer"] == "/program_id"
    kept = shown.json()["wishes"]
    assert (kept["languages"], kept["notes"], kept["schedule"]) == (["es"], "canary wish", wishes["schedule"])
    assert (changed.json()["version"], stale.status_code) == (2, 412)
    assert (left.status_code, again.status_code, again.json()["type"]) == (200, 409, "/problems/left-already")
    assert [(one["id"], one["left_reason"]) for one in history["items"]] == [
        (str(later), None),
        (str(waiting_id), "withdrew"),
    ]


async def test_waiting_ends_with_its_episode(team: Any) -> None:
    participant_id = await team.enrol()
    episode_id = await team.open(participant_id)
    waiting_id = await wait(team, participant_id, episode_id=str(episode_id))

    notice = {"version": "npp-1", "language": "en", "channel": "paper"}
    await team.supervisor.created(f"{INTAKE}/participants/{participant_id}/notices", notice)
    closure = {"closed_on": "2026-02-01", "reason": "moved_on"}
    await team.supervisor.put(f"{INTAKE}/episodes/{episode_id}/closure", closure, 1)

    shown = (await team.supervisor.get(f"{INTAKE}/waiting/{waiting_id}")).json()
    assert shown["left_reason"] == "episode_closed"


async def test_an_assignment_may_end_the_waiting(team: Any) -> None:
    participant_id = await team.enrol()
    episode_id = await team.open(participant_id)
    waiting_id = await wait(team, participant_id)

    body = {"participant_id": str(participant_id), "episode_id": str(episode_id), "staff_id": staff(team.peer)}
    body |= {"valid_from": "2026-01-12", "waiting_id": str(waiting_id)}
    assignment_id = await team.supervisor.created(f"{INTAKE}/assignments", body)

    shown = (await team.supervisor.get(f"{INTAKE}/waiting/{waiting_id}")).json()
    assert (shown["left_reason"], shown["assignment_id"]) == ("assigned", str(assignment_id))


async def test_pathways_are_attested_by_the_peer_alone_and_seen_by_few(team: Any) -> None:
    path = f"{INTAKE}/peer-profiles/{staff(team.peer)}"
    profile = {
        "pathways": ["veteran", "family"],
        "gender": {"word": "canary-genderqueer", "code": "nonbinary"},
        "languages": ["es"],
        "schedule": [{"day": 2, "from": "09:00", "to": "24:00"}],
    }

    empty = await team.peer.get(path)
    said = await team.peer.put(path, profile, 0)
    by_supervisor = await team.supervisor.put(path, {"pathways": ["twelve_step"]}, 1)
    gender = await team.supervisor.put(path, {"gender": None}, 1)
    limited = await team.supervisor.put(path, {"languages": ["es", "en"], "caseload_limit": 15}, 1)
    by_peer = await team.peer.put(path, {"caseload_limit": 40}, 2)
    by_other = await team.other_peer.get(path)
    nobody = await team.other_peer.put(path, {}, 2)
    seen = await team.supervisor.get(path)

    assert (empty.json()["version"], empty.json()["caseload_limit"], empty.headers["etag"]) == (0, 25, '"0"')
    assert (said.status_code, said.headers["etag"]) == (200, '"1"')
    refused = [(one.status_code, one.json()["type"]) for one in (by_supervisor, gender, by_peer)]
    assert refused == [
        (403, "/problems/the-peers-own-words"),
        (403, "/problems/the-peers-own-words"),
        (403, "/problems/limit-is-the-supervisors"),
    ]
    assert limited.status_code == 200
    assert (by_other.status_code, nobody.status_code) == (404, 404)
    shown = seen.json()
    assert (shown["pathways"], shown["gender"]["word"]) == (["family", "veteran"], "canary-genderqueer")
    assert (shown["attested_by"], shown["caseload_limit"]) == (staff(team.peer), 15)
    assert shown["schedule"] == profile["schedule"]
    stored = await team.platform.fetch(
        "select pathways, gender from intake.peer_profile where staff_id = :s", s=team.peer.staff_id
    )
    assert b"veteran" not in bytes(stored[0]["pathways"]) + bytes(stored[0]["gender"])


async def test_only_peers_have_a_profile(team: Any, nobody: UUID) -> None:
    for staff_id in (team.supervisor.staff_id, nobody):
        answer = await team.administrator.get(f"{INTAKE}/peer-profiles/{staff_id}")
        assert answer.status_code == 404


async def test_a_match_says_why_and_logs_what_came_of_every_candidate(team: Any) -> None:
    third = await add_staff(team.administrator, "peer")
    await team.platform.eventually("select count(*) from intake.staff where id = :s", 1, s=third.staff_id)
    await say(team.peer, languages=["es"], pathways=["veteran"])
    await say(team.other_peer, languages=["en"])
    await limit(team, third, 0)
    participant_id = await team.enrol()
    episode_id = await team.open(participant_id)
    wishes = {"languages": ["es"], "pathways": ["veteran"], "gender_of_peer": "woman"}
    waiting_id = await wait(team, participant_id, wishes=wishes)

    asked = await ask(team, waiting_id)
    body = {"staff_id": staff(team.other_peer), "valid_from": "2026-01-12"}
    chosen = await team.supervisor.put(f"{INTAKE}/matches/{asked['id']}/choice", body, 1)
    again = await team.supervisor.put(f"{INTAKE}/matches/{asked['id']}/choice", body, 2)

    assert [(one["staff_id"], one["score"]) for one in asked["candidates"]] == [
        (staff(team.peer), 70),
        (staff(team.other_peer), 0),
    ]
    assert asked["candidates"][0]["reasons"] == [
        {"code": "language", "standing": "met"},
        {"code": "pathway", "standing": "met"},
        {"code": "gender", "standing": "unknown"},
    ]
    assert [(one["staff_id"], one["because"]) for one in asked["excluded"]] == [(staff(third), ["no_room"])]
    assert asked["score_most"] == 90
    assert chosen.status_code == 200, chosen.text
    assert await outcomes(team, asked["id"]) == {
        staff(team.peer): "not_chosen",
        staff(team.other_peer): "chosen",
        staff(third): "excluded",
    }
    assert (again.status_code, again.json()["type"]) == (409, "/problems/match-decided")
    assignment_id = chosen.json()["assignment_id"]
    shown = (await team.supervisor.get(f"{INTAKE}/waiting/{waiting_id}")).json()
    assert (shown["left_reason"], shown["assignment_id"]) == ("assigned", assignment_id)
    assert (await team.other_peer.get(f"{INTAKE}/episodes/{episode_id}")).status_code == 200
    assert [event["type"].split(".")[2] for event in await team.events(UUID(assignment_id))] == ["peer-assigned"]


async def test_a_match_is_asked_for_an_episode_too(team: Any) -> None:
    participant_id = await team.enrol()
    episode_id = await team.open(participant_id)
    await team.assign(participant_id, episode_id, team.peer)

    body = {"participant_id": str(participant_id), "episode_id": str(episode_id), "wishes": {}, "limit": 1}
    answer = await team.supervisor.post(f"{INTAKE}/matches", body)

    assert [one["staff_id"] for one in answer.json()["candidates"]] == [staff(team.other_peer)]
    assert [(one["staff_id"], one["because"]) for one in answer.json()["excluded"]] == [
        (staff(team.peer), ["assigned_already"])
    ]


async def test_a_veto_is_kept_across_matches_until_it_is_taken_back(team: Any) -> None:
    participant_id = await team.enrol()
    await team.open(participant_id)
    waiting_id = await wait(team, participant_id)
    first = await ask(team, waiting_id)
    declines = f"{INTAKE}/matches/{first['id']}/declines"
    body = {"staff_id": staff(team.peer), "by": "participant", "reason": "known_personally"}

    declined = await team.supervisor.post(declines, body)
    chosen = await team.supervisor.put(
        f"{INTAKE}/matches/{first['id']}/choice", {"staff_id": staff(team.peer), "valid_from": "2026-01-12"}, 2
    )
    second = await ask(team, waiting_id)
    (veto,) = (await team.supervisor.get(f"{INTAKE}/participants/{participant_id}/vetoes")).json()["items"]
    withdrawn = await team.supervisor.put(f"{INTAKE}/vetoes/{veto['id']}/withdrawal", {}, 1)
    third = await ask(team, waiting_id)

    assert declined.json() == {"id": first["id"], "version": 2}
    assert (chosen.status_code, chosen.json()["type"]) == (409, "/problems/declined")
    assert (await outcomes(team, first["id"]))[staff(team.peer)] == "declined_by_participant"
    assert [(one["staff_id"], one["because"]) for one in second["excluded"]] == [(staff(team.peer), ["vetoed"])]
    assert (veto["staff_id"], veto["reason"], veto["match_id"]) == (staff(team.peer), "known_personally", first["id"])
    assert withdrawn.status_code == 200
    assert {one["staff_id"] for one in third["candidates"]} == {staff(team.peer), staff(team.other_peer)}


async def test_a_veto_holds_for_every_way_of_assigning(team: Any) -> None:
    participant_id = await team.enrol()
    episode_id = await team.open(participant_id)
    await wait(team, participant_id, wishes={"vetoed_staff_ids": [staff(team.peer)]})
    assignment_id = await team.assign(participant_id, episode_id, team.other_peer)

    body = {"participant_id": str(participant_id), "episode_id": str(episode_id), "valid_from": "2026-01-05"}
    assigned = await team.supervisor.post(f"{INTAKE}/assignments", body | {"staff_id": staff(team.peer)})
    transfer = {"to_staff_id": staff(team.peer), "on": "2026-01-12", "reason": "schedule"}
    handed = await team.supervisor.post(f"{INTAKE}/assignments/{assignment_id}/transfers", transfer)
    vetoes = f"{INTAKE}/participants/{participant_id}/vetoes"
    twice = await team.supervisor.post(vetoes, {"staff_id": staff(team.peer)})

    for answer, pointer in ((assigned, "/staff_id"), (handed, "/to_staff_id")):
        assert (answer.status_code, answer.json()["type"]) == (409, "/problems/vetoed")
        assert answer.json()["errors"][0]["pointer"] == pointer
    assert (twice.status_code, twice.json()["type"]) == (409, "/problems/vetoed-already")


async def test_a_veto_goes_with_the_person_when_their_records_are_merged(team: Any) -> None:
    survivor_id, merged_id = await team.enrol(), await team.enrol()
    await team.supervisor.created(f"{INTAKE}/participants/{merged_id}/vetoes", {"staff_id": staff(team.peer)})
    body = {"survivor_id": str(survivor_id), "merged_id": str(merged_id), "reason": "entered_twice"}
    joined = await team.supervisor.post(f"{INTAKE}/merges", body)
    assert joined.status_code == 201, joined.text

    asked = await ask(team, await wait(team, survivor_id))

    assert [(one["staff_id"], one["because"]) for one in asked["excluded"]] == [(staff(team.peer), ["vetoed"])]


async def test_a_peer_who_declines_is_asked_again_another_time(team: Any) -> None:
    participant_id = await team.enrol()
    await team.open(participant_id)
    waiting_id = await wait(team, participant_id)
    first = await ask(team, waiting_id)

    body = {"staff_id": staff(team.peer), "by": "peer", "reason": "workload"}
    await team.supervisor.post(f"{INTAKE}/matches/{first['id']}/declines", body)

    assert (await outcomes(team, first["id"]))[staff(team.peer)] == "declined_by_peer"
    assert staff(team.peer) in {one["staff_id"] for one in (await ask(team, waiting_id))["candidates"]}


async def test_a_full_caseload_gives_way_only_to_a_supervisors_reason(team: Any) -> None:
    await limit(team, team.peer, 0)
    participant_id = await team.enrol()
    await team.open(participant_id)
    asked = await ask(team, await wait(team, participant_id))
    path = f"{INTAKE}/matches/{asked['id']}/choice"
    body = {"staff_id": staff(team.peer), "valid_from": "2026-01-12"}

    refused = await team.supervisor.put(path, body, 1)
    chosen = await team.supervisor.put(path, body | {"over_caseload_reason": "only_signing_peer"}, 1)

    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/no-room")
    assert chosen.status_code == 200, chosen.text
    record = (await team.supervisor.get(f"{INTAKE}/matches/{asked['id']}")).json()
    assert record["over_caseload_reason"] == "only_signing_peer"


async def test_no_reason_brings_in_who_is_ruled_out_otherwise(team: Any) -> None:
    await say(team.peer, accepting=False)
    participant_id = await team.enrol()
    await team.open(participant_id)
    asked = await ask(team, await wait(team, participant_id))
    before = await count(team, "assignment")

    body = {"staff_id": staff(team.peer), "valid_from": "2026-01-12", "over_caseload_reason": "urgent"}
    refused = await team.supervisor.put(f"{INTAKE}/matches/{asked['id']}/choice", body, 1)
    unknown = await team.supervisor.put(
        f"{INTAKE}/matches/{asked['id']}/choice", body | {"staff_id": staff(team.supervisor)}, 1
    )

    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/candidate-excluded")
    assert (unknown.status_code, unknown.json()["type"]) == (422, "/problems/not-a-candidate")
    assert await count(team, "assignment") == before


async def test_whoever_is_chosen_is_weighed_again(team: Any) -> None:
    participant_id = await team.enrol()
    await team.open(participant_id)
    asked = await ask(team, await wait(team, participant_id))
    await limit(team, team.peer, 0)

    body = {"staff_id": staff(team.peer), "valid_from": "2026-01-12"}
    refused = await team.supervisor.put(f"{INTAKE}/matches/{asked['id']}/choice", body, 1)

    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/no-room")


async def test_two_choices_at_once_do_not_share_the_last_room(team: Any) -> None:
    await limit(team, team.peer, 1)
    asked = []
    for _ in range(2):
        participant_id = await team.enrol()
        await team.open(participant_id)
        asked.append((await ask(team, await wait(team, participant_id)))["id"])

    body = {"staff_id": staff(team.peer), "valid_from": "2026-01-12"}
    answers = await asyncio.gather(
        *(team.supervisor.put(f"{INTAKE}/matches/{match_id}/choice", body, 1) for match_id in asked)
    )

    assert sorted(answer.status_code for answer in answers) == [200, 409]


async def test_without_an_episode_nobody_is_assigned(team: Any) -> None:
    participant_id = await team.enrol()
    asked = await ask(team, await wait(team, participant_id))
    path = f"{INTAKE}/matches/{asked['id']}/choice"
    body = {"staff_id": staff(team.peer), "valid_from": "2026-01-12"}

    early = await team.supervisor.put(path, body, 1)
    await team.open(participant_id)
    then = await team.supervisor.put(path, body, 1)

    assert (early.status_code, early.json()["type"]) == (409, "/problems/episode-needed")
    assert then.status_code == 200


async def test_who_left_is_ruled_out(team: Any) -> None:
    departure = {"last_day": (TODAY - timedelta(days=3)).isoformat()}
    path = f"/api/workforce/v1/staff/{staff(team.peer)}/departure"
    answer = await team.administrator.put(path, departure, 1)
    assert answer.status_code == 200, answer.text
    sql = "select count(*) from intake.staff where id = :s and employed_to is not null"
    await team.platform.eventually(sql, 1, s=team.peer.staff_id)

    asked = await ask(team, await wait(team, await team.enrol()))

    assert [(one["staff_id"], one["because"]) for one in asked["excluded"]] == [(staff(team.peer), ["not_employed"])]


async def test_wishes_notes_and_genders_are_nowhere_in_the_clear(team: Any) -> None:
    await say(team.peer, pathways=["veteran"], gender={"word": "canary-word", "code": "woman"})
    participant_id = await team.enrol()
    await team.open(participant_id)
    await ask(team, await wait(team, participant_id, wishes={"notes": "canary-note", "pathways": ["veteran"]}))

    agency = {"agency": team.administrator.agency_id}
    answers = await team.platform.fetch(
        "select convert_from(body, 'UTF8') as body from intake.idempotency where agency_id = :agency", **agency
    )
    audited = await team.platform.fetch(
        "select detail::text as body from intake.audit_pending where agency_id = :agency union all "
        "select detail::text from intake.audit where agency_id = :agency",
        **agency,
    )
    rows = await team.platform.fetch(
        "select t::text as body from intake.waiting t where agency_id = :agency union all "
        "select t::text from intake.match t where agency_id = :agency union all "
        "select t::text from intake.match_candidate t where agency_id = :agency union all "
        "select t::text from intake.peer_profile t where agency_id = :agency",
        **agency,
    )
    said = " ".join(row["body"] for row in [*answers, *audited, *rows])
    said += " ".join(event["payload"] for event in await team.events())
    assert answers
    assert rows
    assert "canary" not in said
    assert "veteran" not in said


async def test_peers_and_strangers_are_refused(team: Any, stranger: Caller) -> None:
    participant_id = await team.enrol()
    episode_id = await team.open(participant_id)
    waiting_id = await wait(team, participant_id)
    asked = await ask(team, waiting_id)
    choice = {"staff_id": staff(team.peer), "valid_from": "2026-01-12"}
    decline = {"staff_id": staff(team.peer), "by": "participant"}
    before = {table: await count(team, table) for table in TABLES}

    for caller, role in ((team.peer, 403), (stranger, 404)):
        of_staff = [
            await caller.post(f"{INTAKE}/matches", {"waiting_id": str(waiting_id)}),
            await caller.get(f"{INTAKE}/matches/{asked['id']}"),
            await caller.put(f"{INTAKE}/matches/{asked['id']}/choice", choice, 1),
            await caller.post(f"{INTAKE}/matches/{asked['id']}/declines", decline),
            await caller.get(f"{INTAKE}/participants/{participant_id}/vetoes"),
            await caller.post(f"{INTAKE}/participants/{participant_id}/vetoes", {"staff_id": staff(team.peer)}),
            await caller.put(f"{INTAKE}/vetoes/{waiting_id}/withdrawal", {}, 1),
        ]
        assert [answer.status_code for answer in of_staff] == [role] * len(of_staff)
        body = {"participant_id": str(participant_id), "program_id": str(team.program_id), "since": "2026-01-10"}
        theirs = [
            await caller.get(f"{INTAKE}/waiting/{waiting_id}"),
            await caller.put(f"{INTAKE}/waiting/{waiting_id}", {"wishes": {}, "urgency": "soon"}, 1),
            await caller.put(f"{INTAKE}/waiting/{waiting_id}/departure", {"reason": "other"}, 1),
            await caller.post(f"{INTAKE}/waiting", body | {"episode_id": str(episode_id)}),
            await caller.get(f"{INTAKE}/participants/{participant_id}/waiting"),
        ]
        assert [answer.status_code for answer in theirs] == [404] * len(theirs)
        listed = await caller.get(f"{INTAKE}/waiting", program_id=str(team.program_id))
        assert listed.json()["items"] == []
    assert {table: await count(team, table) for table in TABLES} == before


@pytest.mark.parametrize(
    ("more", "status", "kind"),
    [
        ({"since": (TODAY + timedelta(days=2)).isoformat()}, 422, "in-the-future"),
        ({"program_id": str(uuid4())}, 404, "not-found"),
        ({"episode_id": str(uuid4())}, 404, "not-found"),
        ({"participant_id": str(uuid4())}, 404, "not-found"),
        ({"urgency": "asap"}, 422, "invalid-request"),
        ({"wishes": {"vetoed_staff_ids": [str(uuid4())]}}, 422, "not-found"),
        ({"wishes": {"pathways": ["alcohol"]}}, 422, "invalid-request"),
        ({"wishes": {"notes": " "}}, 422, "invalid-request"),
        ({"wishes": {"languages": ["two words"]}}, 422, "invalid-request"),
    ],
)
async def test_a_bad_wish_leaves_nothing_but_its_audit_entry(
    clinic: Any, more: dict[str, Any], status: int, kind: str
) -> None:
    participant_id = await clinic.enrol()
    body = {"participant_id": str(participant_id), "program_id": str(clinic.program_id), "since": "2026-01-10"}
    before = [await count(clinic, table) for table in TABLES], await clinic.refusals()

    answer = await clinic.administrator.post(f"{INTAKE}/waiting", body | more)

    assert (answer.status_code, answer.json()["type"]) == (status, f"/problems/{kind}"), answer.text
    assert ([await count(clinic, table) for table in TABLES], await clinic.refusals()) == (before[0], before[1] + 1)
