"""Who somebody is: briefly at first, in full later, with what they decline, and every change of it kept."""

import asyncio
import json
from typing import Any
from uuid import UUID, uuid4

import pytest

from intake.rules.people import IntakeStage, changed_fields, intake_stage, missing_for_full_intake

INTAKE = "/api/intake/v1"
FULL: dict[str, Any] = {
    "name": "Rosa Canary",
    "pronouns": "ella / they",
    "gender_identity": "two-spirit, and a mother",
    "birth_date": "1984-02-29",
    "sex": "female",
    "race_ethnicity": "Afro-Latina",
    "phone": "312-555-0123",
    "language": "es",
    "languages": [{"language": "es", "interpreter_needed": True}, {"language": "en", "interpreter_needed": False}],
    "access_needs": ["large_print", "step_free"],
    "access_needs_words": "Please sit on my left side",
    "declined": [],
}
ALL = ["name", "birth_date", "sex", "pronouns", "language", "contact", "access_needs"]


def facts(event: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(event["payload"])["data"]
    return found


def kinds(events: list[Any]) -> list[tuple[str, int]]:
    return [(event["type"].split(".")[2], event["aggregate_seq"]) for event in events]


@pytest.mark.parametrize(
    ("answers", "declined", "missing"),
    [
        ({}, [], ALL),
        ({"sex": "unknown"}, [], ALL),
        ({"alias": "Sunny"}, [], ALL[1:]),
        ({"name": "Ana", "birth_date": "1990-01-01", "sex": "female"}, [], ALL[3:]),
        (
            {"name": "Ana", "sex": "other", "languages": [{"language": "en"}], "address": "a tent"},
            [],
            [*ALL[1:2], *ALL[3:4], ALL[6]],
        ),
        ({"name": "Ana", "access_needs": []}, [], ALL[1:6]),
        ({"name": "Ana"}, ["birth_date", "sex", "pronouns", "language", "contact", "access_needs"], []),
        ({"name": "Ana", "email": "a@b.test"}, ["birth_date", "sex", "pronouns", "language"], ["access_needs"]),
    ],
)
def test_a_full_intake_asks_everything_and_declined_is_an_answer(
    answers: dict[str, object], declined: list[str], missing: list[str]
) -> None:
    assert missing_for_full_intake(answers, declined) == missing
    assert intake_stage(missing) == (IntakeStage.BRIEF if missing else IntakeStage.FULL)


@pytest.mark.parametrize(
    ("before", "after", "changed"),
    [
        ({"name": "Ana"}, {"name": "Ana"}, []),
        ({"name": "Ana", "phone": None}, {"name": "Ana"}, []),
        ({"name": "Ana"}, {"name": "ana"}, ["name"]),
        ({"name": "Ana", "alias": "A"}, {"name": "Ana"}, ["alias"]),
        ({"access_needs": None}, {"access_needs": []}, ["access_needs"]),
        ({"external_id": "7"}, {"external_id": "8"}, []),
    ],
)
def test_a_field_changes_only_if_its_value_does(
    before: dict[str, object], after: dict[str, object], changed: list[str]
) -> None:
    assert changed_fields(before, after) == changed


async def test_who_somebody_is_is_kept_in_full(clinic: Any) -> None:
    participant_id = await clinic.administrator.created(f"{INTAKE}/participants", FULL)

    record = (await clinic.administrator.get(f"{INTAKE}/participants/{participant_id}")).json()

    assert {field: record[field] for field in FULL} == FULL
    assert record["intake"] == {"stage": "full", "missing": []}


async def test_a_brief_intake_says_what_is_still_to_be_asked(clinic: Any) -> None:
    participant_id = await clinic.administrator.created(f"{INTAKE}/participants", {"alias": "Sunny"})
    path = f"{INTAKE}/participants/{participant_id}"

    brief = (await clinic.administrator.get(path)).json()["intake"]
    declined = ["birth_date", "sex", "pronouns", "contact"]
    body = {"alias": "Sunny", "language": "en", "access_needs": [], "declined": declined}
    await clinic.administrator.put(path, body, version=1)
    full = (await clinic.administrator.get(path)).json()

    assert brief == {"stage": "brief", "missing": ALL[1:]}
    assert full["intake"] == {"stage": "full", "missing": []}
    assert full["declined"] == declined


@pytest.mark.parametrize(
    "body",
    [
        {"name": "Ana", "anonymous": True},
        {"anonymous": True, "phone": "312-555-0100"},
        {"anonymous": True, "birth_date": "1990-01-01"},
        {"name": "Ana", "birth_date": "1990-01-01", "declined": ["birth_date"]},
        {"name": "Ana", "email": "a@b.test", "declined": ["contact"]},
        {"name": "Ana", "sex": "male", "declined": ["sex"]},
        {"name": "Ana", "declined": ["sex", "sex"]},
        {"name": "Ana", "declined": ["name"]},
        {"name": "Ana", "languages": [{"language": "en"}, {"language": "en"}]},
        {"name": "Ana", "languages": [{"language": "e n"}]},
        {"name": "Ana", "languages": [{"language": "en"}] * 21},
        {"name": "Ana", "access_needs": ["two words"]},
        {"name": "Ana", "pronouns": "she\u202eher"},
        {"name": "Ana", "gender_identity": "x" * 201},
    ],
)
async def test_what_contradicts_itself_is_not_kept(clinic: Any, body: dict[str, Any]) -> None:
    before, audited = await asyncio.gather(clinic.rows(), clinic.refusals())

    answer = await clinic.administrator.post(f"{INTAKE}/participants", body)

    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/invalid-request")
    assert [*await asyncio.gather(clinic.rows(), clinic.refusals())] == [before, audited + 1]


async def test_every_change_of_who_somebody_is_is_kept_by_field_and_sealed(clinic: Any) -> None:
    participant_id = await clinic.enrol(name="Canary Before", phone="312-555-0111")
    path = f"{INTAKE}/participants/{participant_id}"
    await clinic.administrator.put(path, {"name": "Canary After", "phone": "312-555-0111", "sex": "male"}, version=1)
    await clinic.supervisor.put(path, {"name": "Canary After", "sex": "male"}, version=2)
    await clinic.supervisor.put(path, {"name": "Canary After", "sex": "male"}, version=3)

    first = (await clinic.administrator.get(f"{path}/changes", limit=2)).json()
    rest = (await clinic.administrator.get(f"{path}/changes", limit=2, next=first["next"])).json()

    told = [
        (one["version"], one["field"], one["old_value"], one["new_value"], one["changed_by"])
        for one in first["items"] + rest["items"]
    ]
    administrator, supervisor = str(clinic.administrator.staff_id), str(clinic.supervisor.staff_id)
    assert told[0] == (3, "phone", "312-555-0111", None, supervisor)
    assert sorted(told[1:]) == [
        (2, "name", "Canary Before", "Canary After", administrator),
        (2, "sex", "unknown", "male", administrator),
    ]
    assert rest["next"] is None
    rows = await clinic.platform.fetch(
        "select * from intake.participant_change where participant_id = :p", p=participant_id
    )
    assert "canary" not in str([dict(row) for row in rows]).lower()


async def test_a_change_is_told_with_the_version_as_its_place_and_without_what_changed(clinic: Any) -> None:
    participant_id = await clinic.enrol(birth_date="1990-01-01")

    body = {"name": "Canary Newname", "birth_date": "1950-01-01", "pronouns": "canary-pronoun"}
    await clinic.administrator.put(f"{INTAKE}/participants/{participant_id}", body, version=1)

    events = await clinic.events(participant_id)
    assert kinds(events) == [("participant-enrolled", 1), ("participant-changed", 2)]
    assert facts(events[1]) == facts(events[0]) | {"age_band": "65+"}
    assert "canary" not in events[1]["payload"].lower()


async def test_a_peer_sees_the_changes_of_their_own_people_only(clinic: Any, stranger: Any) -> None:
    participant_id, _ = await clinic.assigned()
    path = f"{INTAKE}/participants/{participant_id}/changes"

    asked = await asyncio.gather(clinic.peer.get(path), clinic.other_peer.get(path), stranger.get(path))
    wrong = await clinic.peer.get(path, next="WyJ4IiwiMDAwMDAwMDAtMDAwMC0wMDAwLTAwMDAtMDAwMDAwMDAwMDAwIl0")

    assert [answer.status_code for answer in asked] == [200, 404, 404]
    assert (wrong.status_code, wrong.json()["type"]) == (422, "/problems/bad-cursor")


def brief(clinic: Any, **more: Any) -> dict[str, Any]:
    person = {"name": f"Brief {uuid4().hex}"}
    return {"person": person, "program_id": str(clinic.program_id), "voluntary": True} | more


async def test_a_brief_intake_is_one_call(clinic: Any) -> None:
    notice = {"version": "npp-1", "language": "en", "channel": "paper"}
    key = str(uuid4())
    body = brief(clinic, opened_on="2026-01-05", notice=notice)
    whole = clinic.consent(uuid4(), named=body["person"]["name"])
    body["consent"] = {name: value for name, value in whole.items() if name != "participant_id"}

    answer = await clinic.peer.post(f"{INTAKE}/brief-intakes", body, key=key)
    again = await clinic.peer.post(f"{INTAKE}/brief-intakes", body, key=key)

    assert answer.status_code == 201, answer.text
    done = answer.json()
    assert again.content == answer.content
    assert answer.headers["location"] == f"{INTAKE}/participants/{done['id']}"
    assert (done["version"], done["episode_version"], done["consent_version"]) == (1, 2, 1)
    assert done["possible_duplicates"] == []
    record = (await clinic.supervisor.get(f"{INTAKE}/participants/{done['id']}")).json()
    episode = (await clinic.supervisor.get(f"{INTAKE}/episodes/{done['episode_id']}")).json()
    assert (record["name"], record["intake"]["stage"]) == (body["person"]["name"], "brief")
    assert (episode["opened_on"], episode["version"]) == ("2026-01-05", 2)
    assert episode["voluntary_acknowledged_at"] is not None
    assert kinds(await clinic.events(UUID(done["notice_id"]))) == [("notice-given", 1)]
    assert kinds(await clinic.events(UUID(done["consent_id"]))) == [("consent-signed", 1)]
    assert kinds(await clinic.events(UUID(done["episode_id"]))) == [("episode-opened", 1), ("episode-changed", 2)]


async def test_a_brief_intake_needs_no_papers_and_opens_today(clinic: Any) -> None:
    done = (
        await clinic.administrator.post(f"{INTAKE}/brief-intakes", brief(clinic, person={"anonymous": True}))
    ).json()

    record = (await clinic.administrator.get(f"{INTAKE}/participants/{done['id']}")).json()

    assert (done["notice_id"], done["consent_id"]) == (None, None)
    assert (record["anonymous"], record["name"], record["intake"]["missing"]) == (True, None, ALL)


@pytest.mark.parametrize(
    ("change", "status", "pointer"),
    [
        ({"voluntary": False}, 422, "/voluntary"),
        ({"person": {}}, 422, "/person"),
        ({"person": {"name": "Ana", "birth_date": "2199-01-01"}}, 422, "/person/birth_date"),
        ({"opened_on": "2199-01-01"}, 422, "/opened_on"),
        ({"acknowledged_at": "2199-01-01T00:00:00Z"}, 422, "/acknowledged_at"),
        (
            {"notice": {"version": "1", "language": "en", "channel": "paper", "given_at": "2199-01-01T00:00:00Z"}},
            422,
            "/notice/given_at",
        ),
        ({"consent": {"consent_type": "named_recipients"}}, 422, "/consent"),
        ({"program_id": str(uuid4())}, 404, None),
        ({"colour": "red"}, 422, "/colour"),
    ],
)
async def test_a_brief_intake_is_kept_whole_or_not_at_all(
    clinic: Any, change: dict[str, Any], status: int, pointer: str | None
) -> None:
    before, audited = await asyncio.gather(clinic.rows(), clinic.refusals())

    answer = await clinic.administrator.post(f"{INTAKE}/brief-intakes", brief(clinic, **change))

    assert answer.status_code == status, answer.text
    if pointer:
        assert any(one["pointer"].startswith(pointer) for one in answer.json()["errors"]), answer.text
    assert [*await asyncio.gather(clinic.rows(), clinic.refusals())] == [before, audited + 1]


async def test_a_privacy_officer_takes_nobody_in(clinic: Any) -> None:
    answer = await clinic.privacy_officer.post(f"{INTAKE}/brief-intakes", brief(clinic))
    assert answer.status_code == 403


async def test_another_agencys_program_is_no_program(clinic: Any, stranger: Any) -> None:
    assert (await stranger.post(f"{INTAKE}/brief-intakes", brief(clinic))).status_code == 404


async def test_answers_kept_for_repeats_name_nobody(clinic: Any) -> None:
    body = brief(clinic, person=FULL | {"name": "Canary Kept", "phone": "312-555-0199"})
    await clinic.administrator.post(f"{INTAKE}/brief-intakes", body)

    rows = await clinic.platform.fetch(
        "select convert_from(body, 'UTF8') as body from intake.idempotency where agency_id = :a",
        a=clinic.administrator.agency_id,
    )

    assert not any("canary" in row["body"].lower() or "555-0199" in row["body"] for row in rows)
