"""Merging two records of one person and undoing it: nothing is lost, nothing moves, and both can be read throughout."""

import asyncio
import json
import random
from typing import Any
from uuid import UUID, uuid4

import pytest

INTAKE = "/api/intake/v1"


def facts(event: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(event["payload"])["data"]
    return found


def kinds(events: list[Any]) -> list[tuple[str, int]]:
    return [(event["type"].split(".")[2], event["aggregate_seq"]) for event in events]


async def merge(caller: Any, survivor: object, merged: object, *take: str, reason: str = "entered_twice") -> Any:
    body = {"survivor_id": str(survivor), "merged_id": str(merged), "reason": reason, "take": list(take)}
    return await caller.post(f"{INTAKE}/merges", body)


async def undo(caller: Any, merge_id: object, version: int = 1) -> Any:
    return await caller.put(f"{INTAKE}/merges/{merge_id}/undoing", {"reason": "different_people"}, version=version)


async def rows(clinic: Any, ids: list[UUID]) -> dict[UUID, dict[str, Any]]:
    """Return whole rows of participants, all columns as they are stored."""
    found = await clinic.platform.fetch("select * from intake.participant where id = any(:ids)", ids=ids)
    return {row["id"]: dict(row) for row in found}


async def record(caller: Any, participant_id: object) -> dict[str, Any]:
    found: dict[str, Any] = (await caller.get(f"{INTAKE}/participants/{participant_id}")).json()
    return found


async def people(clinic: Any, number: int) -> list[UUID]:
    mark = uuid4().hex
    return [
        await clinic.enrol(
            name=f"Person {place} {mark}",
            alias=f"alias {place}",
            phone=f"312-555-01{place:02}",
            pronouns=f"p{place}",
            birth_date=f"19{place + 50}-03-04",
        )
        for place in range(number)
    ]


async def test_a_merge_points_and_moves_nothing(clinic: Any) -> None:
    survivor, merged = await people(clinic, 2)
    episode_id = await clinic.open(merged)
    before = await rows(clinic, [survivor, merged])

    answer = await merge(clinic.supervisor, survivor, merged)

    assert answer.status_code == 201, answer.text
    assert (answer.json()["version"], answer.json()["survivor_version"]) == (1, 1)
    after = await rows(clinic, [survivor, merged])
    assert after[survivor] == before[survivor]
    assert after[merged] == before[merged] | {"merged_into": survivor}
    assert (await record(clinic.supervisor, merged))["merged_into"] == str(survivor)
    assert (await record(clinic.supervisor, survivor))["merged_into"] is None
    assert (await clinic.supervisor.get(f"{INTAKE}/episodes/{episode_id}")).json()["participant_id"] == str(merged)
    (event,) = await clinic.events(UUID(answer.json()["id"]))
    assert kinds([event]) == [("participants-merged", 1)]
    assert (facts(event)["survivor_id"], facts(event)["merged_id"]) == (str(survivor), str(merged))
    assert facts(event)["moved_ids"] == []


async def test_what_is_taken_over_is_a_change_like_any_other_and_is_given_back(clinic: Any) -> None:
    survivor, merged = await people(clinic, 2)
    before = await rows(clinic, [survivor, merged])
    theirs = await record(clinic.supervisor, merged)

    done = (await merge(clinic.supervisor, survivor, merged, "phone", "birth_date")).json()
    during = await record(clinic.supervisor, survivor)
    undone = (await undo(clinic.supervisor, done["id"])).json()

    assert (during["phone"], during["birth_date"]) == (theirs["phone"], theirs["birth_date"])
    assert (done["survivor_version"], undone["survivor_version"], undone["kept"]) == (2, 3, [])
    after = await rows(clinic, [survivor, merged])
    assert after[merged] == before[merged]
    assert after[survivor] == before[survivor] | {"version": 3}
    changes = (await clinic.supervisor.get(f"{INTAKE}/participants/{survivor}/changes")).json()["items"]
    assert sorted((one["version"], one["field"]) for one in changes) == [
        (2, "birth_date"),
        (2, "phone"),
        (3, "birth_date"),
        (3, "phone"),
    ]
    assert kinds(await clinic.events(survivor)) == [
        ("participant-enrolled", 1),
        ("participant-changed", 2),
        ("participant-changed", 3),
    ]
    assert kinds(await clinic.events(UUID(done["id"]))) == [("participants-merged", 1), ("participants-split", 2)]


async def test_what_somebody_changed_since_stays_and_is_named(clinic: Any) -> None:
    survivor, merged = await people(clinic, 2)
    mine = await record(clinic.supervisor, survivor)
    done = (await merge(clinic.supervisor, survivor, merged, "phone", "pronouns")).json()
    during = await record(clinic.supervisor, survivor)
    body = {field: during[field] for field in ("name", "alias", "pronouns", "birth_date")}
    body |= {"phone": "312-555-0177", "email": "later@example.test"}
    await clinic.supervisor.put(f"{INTAKE}/participants/{survivor}", body, version=2)

    undone = (await undo(clinic.supervisor, done["id"])).json()

    after = await record(clinic.supervisor, survivor)
    assert undone["kept"] == ["phone"]
    assert (after["phone"], after["email"]) == ("312-555-0177", "later@example.test")
    assert after["pronouns"] == mine["pronouns"]


async def test_an_answer_taken_over_ends_that_it_was_declined(clinic: Any) -> None:
    survivor = await clinic.enrol(declined=["birth_date", "pronouns"])
    merged = await clinic.enrol(birth_date="1990-01-01")

    done = (await merge(clinic.supervisor, survivor, merged, "birth_date")).json()
    during = await record(clinic.supervisor, survivor)
    await undo(clinic.supervisor, done["id"])

    assert (during["birth_date"], during["declined"]) == ("1990-01-01", ["pronouns"])
    after = await record(clinic.supervisor, survivor)
    assert (after["birth_date"], after["declined"]) == (None, ["birth_date", "pronouns"])


@pytest.mark.parametrize("seed", range(12))
async def test_any_merges_undone_in_turn_leave_every_row_as_it_was(clinic: Any, seed: int) -> None:
    chance = random.Random(seed)
    ids = await people(clinic, 6)
    before = await rows(clinic, ids)
    standing: list[str] = []
    survived: set[UUID] = set()

    for _ in range(14):
        roots = [one for one, row in (await rows(clinic, ids)).items() if row["merged_into"] is None]
        if standing and (len(roots) < 2 or chance.random() < 0.4):
            assert (await undo(clinic.supervisor, standing.pop())).status_code == 200
            continue
        survivor, merged = chance.sample(sorted(roots), 2)
        take = chance.sample(["name", "alias", "phone", "pronouns", "birth_date", "sex"], chance.choice([0, 0, 1, 3]))
        answer = await merge(clinic.supervisor, survivor, merged, *take)
        assert answer.status_code == 201, answer.text
        standing.append(answer.json()["id"])
        survived |= {survivor} if take else set()
        now = await rows(clinic, ids)
        assert all(now[row["merged_into"]]["merged_into"] is None for row in now.values() if row["merged_into"])
    while standing:
        assert (await undo(clinic.supervisor, standing.pop())).status_code == 200

    after = await rows(clinic, ids)
    for one in ids:
        told = {"version": after[one]["version"]} if one in survived else {}  # what was told never goes back
        assert after[one] == before[one] | told
        assert after[one]["version"] >= before[one]["version"]


async def test_merges_are_undone_in_turn(clinic: Any) -> None:
    first, second, third = await people(clinic, 3)
    inner = (await merge(clinic.supervisor, second, third)).json()["id"]
    outer = (await merge(clinic.supervisor, first, second)).json()["id"]

    early = await undo(clinic.supervisor, inner)
    moved = (await rows(clinic, [third]))[third]["merged_into"]
    await undo(clinic.supervisor, outer)
    back = (await rows(clinic, [third]))[third]["merged_into"]
    last = await undo(clinic.supervisor, inner)
    again = await undo(clinic.supervisor, inner, version=2)

    assert (early.status_code, early.json()["type"]) == (409, "/problems/undo-later-first")
    assert outer in early.json()["detail"]
    assert facts((await clinic.events(UUID(outer)))[0])["moved_ids"] == [str(third)]
    assert (moved, back, last.status_code) == (first, second, 200)
    assert (again.status_code, again.json()["type"]) == (409, "/problems/undone-already")


async def test_a_split_pair_is_never_proposed_again(clinic: Any) -> None:
    mark = uuid4().hex
    body = {"name": f"Twin {mark}", "birth_date": "1971-07-08"}
    one, other = await clinic.enrol(**body), await clinic.enrol(**body)
    done = (await merge(clinic.supervisor, one, other)).json()
    merged = await pairs(clinic, "merged", one, other)
    await undo(clinic.supervisor, done["id"])

    described = await clinic.supervisor.put(f"{INTAKE}/participants/{other}", body | {"sex": "male"}, version=1)

    assert described.json()["possible_duplicates"] == []
    assert len(merged) == 1
    assert await pairs(clinic, "proposed", one, other) == []
    assert len(await pairs(clinic, "split", one, other)) == 1


async def pairs(clinic: Any, state: str, *ids: UUID) -> list[Any]:
    sql = "select * from intake.duplicate_candidate where state = :s and first_id = :a and second_id = :b"
    first, second = sorted(ids)
    return list(await clinic.platform.fetch(sql, s=state, a=first, b=second))


async def test_a_match_on_a_merged_record_leads_to_the_survivor(clinic: Any) -> None:
    mark = uuid4().hex
    merged = await clinic.enrol(name=f"Former {mark}", birth_date="1966-06-06")
    survivor = await clinic.enrol(name=f"Present {mark}", birth_date="1966-06-06")
    await merge(clinic.supervisor, survivor, merged)

    found = (await clinic.supervisor.post(f"{INTAKE}/participant-searches", {"name": f"former {mark}"})).json()["items"]
    body = {"name": f"Former {mark}", "birth_date": "1966-06-06"}
    warned = (await clinic.supervisor.post(f"{INTAKE}/participants", body)).json()["possible_duplicates"]

    assert [one["id"] for one in found] == [str(survivor)]
    assert warned == [{"id": str(survivor), "reasons": ["name_and_birth_date"]}]


async def test_a_pair_is_settled_when_its_records_are_merged_with_others(clinic: Any) -> None:
    mark = uuid4().hex
    body = {"name": f"Triple {mark}", "birth_date": "1967-06-06"}
    one, two, three = [await clinic.enrol(**body) for _ in range(3)]
    await merge(clinic.supervisor, one, two)
    await merge(clinic.supervisor, one, three)

    page = (await clinic.supervisor.get(f"{INTAKE}/duplicates", limit=100)).json()

    ids = {str(one), str(two), str(three)}
    assert [pair for pair in page["items"] if set(pair["participant_ids"]) & ids] == []


async def test_whoever_reaches_one_record_reaches_the_others(clinic: Any) -> None:
    survivor, merged, sibling = await people(clinic, 3)
    episode_id = await clinic.open(merged)
    consent_id = await clinic.sign(merged)
    other_consent = await clinic.sign(survivor)
    await clinic.assign(merged, episode_id)
    paths = [f"{INTAKE}/participants/{one}" for one in (survivor, merged, sibling)]
    paths += [f"{INTAKE}/consents/{consent_id}", f"{INTAKE}/consents/{other_consent}"]

    before = [(await clinic.peer.get(path)).status_code for path in paths]
    done = (await merge(clinic.supervisor, survivor, merged)).json()
    second = (await merge(clinic.supervisor, survivor, sibling)).json()
    during = [(await clinic.peer.get(path)).status_code for path in paths]
    stranger = [(await clinic.other_peer.get(path)).status_code for path in paths]
    records = (await clinic.peer.get(f"{INTAKE}/participants/{survivor}/records")).json()
    await undo(clinic.supervisor, second["id"])
    await undo(clinic.supervisor, done["id"])
    after = [(await clinic.peer.get(path)).status_code for path in paths]

    assert before == after == [404, 200, 404, 200, 404]
    assert (during, stranger) == ([200] * 5, [404] * 5)
    assert {one["id"] for one in records["consents"]} == {str(consent_id), str(other_consent)}
    assert [one["id"] for one in records["episodes"]] == [str(episode_id)]
    assert [one["participant_id"] for one in records["assignments"]] == [str(merged)]


async def test_nothing_new_begins_with_a_merged_record(clinic: Any) -> None:
    survivor, merged = await people(clinic, 2)
    await merge(clinic.supervisor, survivor, merged)
    episode = {"participant_id": str(merged), "program_id": str(clinic.program_id), "opened_on": "2026-01-05"}
    notice = {"version": "1", "language": "en", "channel": "paper"}

    asked = [
        await clinic.supervisor.post(f"{INTAKE}/episodes", episode),
        await clinic.supervisor.post(f"{INTAKE}/consents", clinic.consent(merged)),
        await clinic.supervisor.post(f"{INTAKE}/participants/{merged}/notices", notice),
        await clinic.supervisor.put(f"{INTAKE}/participants/{merged}", {"name": "Ana"}, version=1),
        await merge(clinic.supervisor, survivor, merged),
        await merge(clinic.supervisor, merged, (await people(clinic, 1))[0]),
    ]

    assert {(one.status_code, one.json()["type"]) for one in asked} == {(409, "/problems/merged-into")}
    assert all(str(survivor) in one.json()["detail"] for one in asked)


async def test_who_may_merge(clinic: Any, stranger: Any, nobody: UUID) -> None:
    (survivor, merged), (own,) = await people(clinic, 2), await people(clinic, 1)
    done = (await merge(clinic.administrator, survivor, own)).json()["id"]

    statuses = [
        (await merge(clinic.peer, survivor, merged)).status_code,
        (await merge(clinic.privacy_officer, survivor, merged)).status_code,
        (await merge(stranger, survivor, merged)).status_code,
        (await merge(clinic.supervisor, survivor, nobody)).status_code,
        (await undo(clinic.peer, done)).status_code,
        (await undo(stranger, done)).status_code,
        (await stranger.get(f"{INTAKE}/merges/{done}")).status_code,
        (await stranger.get(f"{INTAKE}/participants/{survivor}/merges")).status_code,
        (await undo(clinic.supervisor, done, version=2)).status_code,
    ]

    assert statuses == [403, 403, 404, 404, 403, 404, 404, 404, 412]
    shown = await clinic.supervisor.get(f"{INTAKE}/merges/{done}")
    listed = (await clinic.supervisor.get(f"{INTAKE}/participants/{survivor}/merges")).json()["items"]
    assert (shown.headers["etag"], [one["id"] for one in listed]) == ('"1"', [done])


@pytest.mark.parametrize(
    ("change", "status", "kind"),
    [
        ({"merged_id": "{survivor}"}, 422, "/problems/same-record"),
        ({"take": ["email"]}, 422, "/problems/nothing-to-take"),
        ({"take": ["phone", "phone"]}, 422, "/problems/invalid-request"),
        ({"take": ["external_id"]}, 422, "/problems/invalid-request"),
        ({"reason": "because"}, 422, "/problems/invalid-request"),
        ({"note": "they look alike"}, 422, "/problems/invalid-request"),
    ],
)
async def test_a_bad_merge_leaves_nothing_but_its_audit_entry(
    clinic: Any, change: dict[str, Any], status: int, kind: str
) -> None:
    survivor, merged = await people(clinic, 2)
    body = {"survivor_id": str(survivor), "merged_id": str(merged), "reason": "other", "take": []} | change
    body = {name: str(survivor) if value == "{survivor}" else value for name, value in body.items()}
    before, audited = await asyncio.gather(clinic.rows(), clinic.refusals())
    whole = await rows(clinic, [survivor, merged])

    answer = await clinic.supervisor.post(f"{INTAKE}/merges", body)

    assert (answer.status_code, answer.json()["type"]) == (status, kind), answer.text
    assert [*await asyncio.gather(clinic.rows(), clinic.refusals())] == [before, audited + 1]
    assert await rows(clinic, [survivor, merged]) == whole


async def test_two_merges_at_once_leave_one_survivor(clinic: Any) -> None:
    one, other = await people(clinic, 2)

    answers = await asyncio.gather(merge(clinic.supervisor, one, other), merge(clinic.administrator, other, one))

    assert sorted(answer.status_code for answer in answers) == [201, 409]
    now = await rows(clinic, [one, other])
    assert sorted(row["merged_into"] is None for row in now.values()) == [False, True]


async def test_what_a_merge_keeps_is_sealed(clinic: Any) -> None:
    survivor = await clinic.enrol(name="Canary Survivor")
    merged = await clinic.enrol(name="Canary Merged", birth_date="1959-09-09")
    done = (await merge(clinic.supervisor, survivor, merged, "birth_date")).json()

    kept = await clinic.platform.fetch("select * from intake.merge where id = :m", m=UUID(done["id"]))
    told = [*await clinic.events(UUID(done["id"])), *await clinic.events(survivor)]

    said = str([dict(row) for row in kept]).lower() + str([row["payload"] for row in told]).lower()
    assert "canary" not in said
    assert "1959-09-09" not in said


def link(contact_id: object, **more: object) -> dict[str, object]:
    return {"contact_id": str(contact_id), "how": "spoken", "statement": "outreach-2026-01"} | more


async def test_an_outreach_contact_is_linked_with_consent_and_unlinked(clinic: Any) -> None:
    contact = await clinic.administrator.created(f"{INTAKE}/participants", {"anonymous": True, "language": "es"})
    episode_id = await clinic.open(contact)
    await clinic.assign(contact, episode_id)
    person, own_episode = await clinic.assigned()
    path = f"{INTAKE}/participants/{person}/outreach-links"
    before = await rows(clinic, [person, contact])

    answer = await clinic.peer.post(path, link(contact, agreed_at="2026-01-06T15:00:00Z"))

    assert answer.status_code == 201, answer.text
    merge_id = answer.json()["id"]
    shown = (await clinic.supervisor.get(f"{INTAKE}/merges/{merge_id}")).json()
    assert (shown["kind"], shown["agreed_how"], shown["agreed_statement"]) == ("outreach", "spoken", "outreach-2026-01")
    assert shown["agreed_at"] == "2026-01-06T15:00:00Z"
    records = (await clinic.peer.get(f"{INTAKE}/participants/{person}/records")).json()
    assert {one["id"] for one in records["episodes"]} == {str(episode_id), str(own_episode)}
    assert (await undo(clinic.supervisor, merge_id)).status_code == 200
    assert await rows(clinic, [person, contact]) == before


async def test_only_an_anonymous_contact_is_linked_to_somebody_known(clinic: Any, stranger: Any) -> None:
    contact = await clinic.administrator.created(f"{INTAKE}/participants", {"anonymous": True})
    second = await clinic.administrator.created(f"{INTAKE}/participants", {"anonymous": True})
    known, other = await people(clinic, 2)

    def path(participant_id: object) -> str:
        return f"{INTAKE}/participants/{participant_id}/outreach-links"

    asked = [
        await clinic.supervisor.post(path(known), link(other)),
        await clinic.supervisor.post(path(second), link(contact)),
        await merge(clinic.supervisor, known, contact),
        await merge(clinic.supervisor, contact, known),
        await clinic.peer.post(path(known), link(contact)),
        await stranger.post(path(known), link(contact)),
        await clinic.privacy_officer.post(path(known), link(contact)),
        await clinic.supervisor.post(path(known), link(contact, agreed_at="2199-01-01T00:00:00Z")),
        await clinic.supervisor.post(path(known), link(contact, how="guessed")),
    ]

    assert [(one.status_code, one.json()["type"].removeprefix("/problems/")) for one in asked] == [
        (409, "not-anonymous"),
        (409, "not-identified"),
        (409, "needs-consent"),
        (409, "needs-consent"),
        (404, "not-found"),
        (404, "not-found"),
        (403, "not-allowed"),
        (422, "in-the-future"),
        (422, "invalid-request"),
    ]
