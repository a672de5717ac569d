"""Moving in from another system: original times, marked rows, once only, all or nothing, and quickly."""

import asyncio
import json
import re
import time
from typing import Any
from uuid import UUID, uuid4

import pytest

INTAKE = "/api/intake/v1"


@pytest.fixture
def row(clinic: Any) -> dict[str, Any]:
    """Return one person of the other system with everything that can be known."""
    return person(clinic, uuid4().hex)


def person(clinic: Any, external_id: str) -> dict[str, Any]:
    consent = {name: value for name, value in clinic.consent(uuid4()).items() if name != "participant_id"}
    goal = {"stated_by": "participant", "words": "Canary words of a goal", "active_from": "2025-02-01"}
    answers = {"use_days": {"canary-heroin": 12}, "employment": "unemployed", "housing": "homeless", "arrests_30": 1}
    return {
        "external_id": external_id,
        "name": f"Canary {external_id}",
        "birth_date": "1990-06-01",
        "sex": "female",
        "phone": "312-555-0199",
        "email": "canary@example.test",
        "address": "12 Canary Row",
        "enrolled_at": "2025-02-01T16:00:00Z",
        "notice": {"version": "npp-1", "language": "en", "channel": "paper", "given_at": "2025-02-01T16:05:00Z"},
        "episode": {
            "program_id": str(clinic.program_id),
            "opened_on": "2025-02-01",
            "acknowledged_at": "2025-02-01T16:10:00Z",
            "closed_on": "2025-05-01",
            "reason": "completed",
        },
        "consent": consent | {"signed_at": "2025-02-01T16:15:00Z"},
        "assessments": [
            {"point": "baseline", "collected_on": "2025-02-01"} | answers,
            {"point": "closeout", "collected_on": "2025-05-01", "mutual_aid_count_30": 3} | answers,
        ],
        "plan": {
            "agreed_at": "2025-02-10T16:00:00Z",
            "goals": [goal | {"dimension": dimension} for dimension in ("health", "home", "purpose", "community")],
        },
        "assignment": {"staff_id": str(clinic.peer.staff_id), "valid_from": "2025-02-01"},
    }


async def imported(clinic: Any, *rows: dict[str, Any], source: str = "oldsystem") -> Any:
    return await clinic.administrator.post(f"{INTAKE}/imports", {"source_system": source, "participants": list(rows)})


def facts(event: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(event["payload"])["data"]
    return found


async def test_an_imported_person_keeps_the_original_times_and_is_marked(clinic: Any, row: dict[str, Any]) -> None:
    answer = await imported(clinic, row)

    assert answer.status_code == 201, answer.text
    (ids,) = answer.json()["participants"]
    assert (ids["external_id"], len(ids["goal_ids"])) == (row["external_id"], 4)
    record = (await clinic.administrator.get(f"{INTAKE}/participants/{ids['participant_id']}")).json()
    assert (record["enrolled_at"], record["source_system"]) == ("2025-02-01T16:00:00Z", "oldsystem")
    assert record["external_id"] == row["external_id"]
    (enrolled,) = await clinic.events(UUID(ids["participant_id"]))
    assert (facts(enrolled)["age_band"], facts(enrolled)["imported"]) == ("25-34", True)
    episode = await clinic.events(UUID(ids["episode_id"]))
    assert [event["type"].split(".")[2] for event in episode] == ["episode-opened", "episode-changed", "episode-closed"]
    assert facts(episode[-1])["voluntary_acknowledged_at"] == "2025-02-01T16:10:00Z"
    assert (facts(episode[-1])["closed_on"], facts(episode[-1])["imported"]) == ("2025-05-01", True)
    assignment = await clinic.events(UUID(ids["assignment_id"]))
    assert (facts(assignment[-1])["valid_to"], facts(assignment[-1])["imported"]) == ("2025-05-01", True)
    plan = await clinic.events(UUID(ids["plan_id"]))
    assert (facts(plan[0])["agreed_at"], facts(plan[-1])["in_force_to"]) == ("2025-02-10T16:00:00Z", "2025-05-01")


async def test_a_repeated_row_answers_its_ids_and_writes_nothing(clinic: Any, row: dict[str, Any]) -> None:
    first = await imported(clinic, row)
    before = await clinic.rows()

    second = await imported(clinic, row | {"name": "Somebody else"})
    added = await imported(clinic, person(clinic, uuid4().hex), row)

    assert second.json() == first.json()
    assert added.json()["participants"][1] == first.json()["participants"][0]
    assert (await clinic.rows())["participant"] == before["participant"] + 1


async def test_one_row_of_two_systems_is_two_people(clinic: Any, row: dict[str, Any]) -> None:
    first = await imported(clinic, row)
    second = await imported(clinic, row, source="elsewhere")
    assert first.json()["participants"][0]["participant_id"] != second.json()["participants"][0]["participant_id"]


async def test_the_same_rows_at_once_are_written_once(clinic: Any, row: dict[str, Any]) -> None:
    before = await clinic.rows()

    answers = await asyncio.gather(*(imported(clinic, row) for _ in range(4)))

    assert len({answer.content for answer in answers}) == 1
    assert (await clinic.rows())["participant"] == before["participant"] + 1


async def test_an_imported_person_can_be_described_anew(clinic: Any, row: dict[str, Any]) -> None:
    (ids,) = (await imported(clinic, row)).json()["participants"]
    path = f"{INTAKE}/participants/{ids['participant_id']}"

    await clinic.administrator.put(path, {"alias": "Sunny"}, version=1)

    record = (await clinic.administrator.get(path)).json()
    assert (record["name"], record["alias"], record["external_id"]) == (None, "Sunny", row["external_id"])


@pytest.mark.parametrize(
    ("part", "change", "pointer"),
    [
        (None, {"enrolled_at": "2199-01-01T00:00:00Z"}, "/enrolled_at"),
        (None, {"birth_date": "2025-02-02"}, "/birth_date"),
        (None, {"name": "Ana\u0000"}, "/name"),
        (None, {"colour": "red"}, "/colour"),
        ("episode", {"program_id": "00000000-0000-4000-8000-000000000000"}, "/episode/program_id"),
        ("episode", {"closed_on": "2025-01-01"}, "/episode/closed_on"),
        ("episode", {"closed_on": None}, "/episode"),
        ("consent", {"purposes": []}, "/consent/purposes"),
        ("consent", {"signature": {"signer": "Ana"}}, "/consent/signature/capacity"),
        ("plan", {"agreed_at": None}, "/plan/agreed_at"),
        ("notice", {"given_at": "2199-01-01T00:00:00Z"}, "/notice/given_at"),
        ("assignment", {"staff_id": "00000000-0000-4000-8000-000000000000"}, "/assignment/staff_id"),
        ("assignment", {"valid_to": "2025-01-31"}, "/assignment/valid_to"),
    ],
)
async def test_one_fault_keeps_every_row_out_and_is_pointed_at(
    clinic: Any, row: dict[str, Any], part: str | None, change: dict[str, Any], pointer: str
) -> None:
    bad = row | change if part is None else row | {part: row[part] | change}
    before, audited = await clinic.rows(), await clinic.refusals()

    answer = await imported(clinic, person(clinic, uuid4().hex), bad)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == f"/participants/1{pointer}"
    assert (await clinic.rows(), await clinic.refusals()) == (before, audited + 1)


async def test_a_row_twice_in_one_call_is_refused(clinic: Any, row: dict[str, Any]) -> None:
    answer = await imported(clinic, row, row)
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/participants/1/external_id")


async def test_two_hundred_people_take_a_moment(clinic: Any) -> None:
    rows = [person(clinic, uuid4().hex) for _ in range(200)]

    started = time.perf_counter()
    answer = await imported(clinic, *rows)
    seconds = time.perf_counter() - started

    assert len(answer.json()["participants"]) == 200
    assert seconds < 10  # a guard against one statement per row; measured far below
    print(f"200 people in {seconds:.2f} s")


async def test_nothing_that_names_anybody_leaves_the_sealed_columns(clinic: Any, row: dict[str, Any]) -> None:
    """Canaries are in every name, contact, goal, substance and recipient; this reads everything told or kept."""
    (ids,) = (await imported(clinic, row)).json()["participants"]
    participant_id = UUID(ids["participant_id"])
    consent_id = await clinic.sign(participant_id)
    disclosed = clinic.disclosure(participant_id, consent_id, description="Canary letter")
    await clinic.administrator.created(f"{INTAKE}/disclosures", disclosed)
    await clinic.administrator.put(f"{INTAKE}/participants/{participant_id}", {"name": "Canary again"}, version=1)
    await clinic.administrator.post(f"{INTAKE}/participant-searches", {"name": "Canary again"})

    told = [event["payload"].lower() for event in await clinic.events()]
    kept = [
        str(found["whole"]).lower()
        for table in (
            "participant",
            "consent",
            "disclosure",
            "assessment",
            "goal",
            "notice",
            "imported_row",
            "audit",
            "audit_pending",
            "idempotency",
        )
        for found in await clinic.platform.fetch(f"select t::text as whole from intake.{table} t")
    ]

    plain = [re.sub(r"[0-9a-f]{24,}", "", one) for one in told + kept]  # seven digits turn up in sealed bytes by chance
    for canary in ("canary", "heroin", "555-0199", "5550199", "example.test", "o'brien", "1990-06-01"):
        assert not [one for one in plain if canary in one], canary
        hidden = canary.encode().hex()
        assert not [one for one in told + kept if hidden in one], canary


def past_disclosure(**changes: Any) -> dict[str, Any]:
    told: dict[str, Any] = {
        "basis": "consent",
        "recipient": {"name": "Canary Clinic"},
        "purpose": "treatment",
        "categories": ["substance_use_disorder"],
        "notice_statement": "2024-04-short",
        "scope_attached": "consent_copy",
        "made_at": "2025-03-01T16:00:00Z",
    }
    return told | changes


async def test_past_disclosures_are_kept_as_they_were_right_or_wrong(
    platform: Any, clinic: Any, row: dict[str, Any]
) -> None:
    recipient = row["consent"]["recipients"][0]["name"]
    good = past_disclosure(
        recipient={"name": recipient},
        purpose=row["consent"]["purposes"][0],
        categories=row["consent"]["categories"][:1],
    )
    row["disclosures"] = [
        good,
        good | {"recipient": {"name": "Somebody else"}},  # never named in the consent
        good | {"made_at": "2025-02-01T16:10:00Z"},  # five minutes before it was signed
    ]

    answer = await imported(clinic, row)

    assert answer.status_code == 201, answer.text
    (ids,) = answer.json()["participants"]
    kept = await platform.fetch(
        "select basis_valid, source_system, made_by from intake.disclosure where participant_id = cast(:id as uuid) "
        "order by id",
        id=ids["participant_id"],
    )
    assert [tuple(one.values()) for one in kept] == [
        (True, "oldsystem", None),
        (False, "oldsystem", None),
        (False, "oldsystem", None),
    ]


async def test_a_past_disclosure_by_consent_needs_the_consent_in_its_row(clinic: Any, row: dict[str, Any]) -> None:
    del row["consent"]
    row["disclosures"] = [past_disclosure()]

    answer = await imported(clinic, row)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/participants/0/disclosures/0/basis"
