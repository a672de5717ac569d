"""Payers, coverages, authorisations and claim runs over HTTP: once each, frozen, taken back, and as a sheet."""

import asyncio
import csv
import io
import uuid
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from common.contracts import intake
from handrail.testing import add_staff, open_agency

API = "/api/session-logging/v1"
LINE = {"code": "H0038", "modifiers": ["HF"], "group_modifier": "HQ", "methods": {"in_person": [], "telephone": ["93"]}}
JUNE = {"first": "2026-06-01", "last": "2026-06-30"}


def problem(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].removeprefix("/problems/")


def payer(**changed: Any) -> dict[str, Any]:
    line = LINE | {name: changed.pop(name) for name in list(changed) if name not in ("program_ids", "valid_from")}
    terms = {"lines": [line], "incomplete_notes_stop": False}
    return {"payer": "County Medicaid plan", "valid_from": "2026-01-01", "terms": terms} | changed


class Paid:
    """A practice with a contract and somebody it covers."""

    def __init__(self, practice: Any, contract_id: UUID) -> None:
        self.practice, self.contract_id = practice, contract_id
        self.administrator, self.peer = practice.administrator, practice.peer

    async def covered(self, *, consent: bool = True, **changed: Any) -> Any:
        person = await self.practice.enrol()
        if consent:
            await self.consent(person)
        body = {"contract_id": str(self.contract_id), "valid_from": "2026-01-01", "member_number": "canary-M-77"}
        await self.administrator.created(f"{API}/participants/{person.participant_id}/coverages", body | changed)
        return person

    async def consent(self, person: Any, consent_id: UUID | None = None, seq: int = 1, **changed: Any) -> UUID:
        """Tell of a consent to payment; return its id when it has been heard."""
        consent_id = consent_id or uuid.uuid4()
        values = {"consent_type": "tpo", "status": "active", "signed_at": datetime(2026, 1, 5, 15, tzinfo=UTC)}
        facts = intake.ConsentFacts(
            consent_id=consent_id, participant_id=person.participant_id, recipients=0, **(values | changed)
        )
        fact = intake.CONSENT_SIGNED if seq == 1 else intake.CONSENT_REVOKED
        await self.practice.tell(fact, facts, about=consent_id, seq=seq)
        heard = "select count(*) from session_logging.consent where id = :id and seq = :seq"
        await self.practice.platform.eventually(heard, 1, id=consent_id, seq=seq)
        return consent_id

    async def signed(self, person: Any, day: str, start: str = "10:00", end: str = "10:45", **changed: Any) -> UUID:
        times = {"started_at": f"{day}T{start}", "ended_at": f"{day}T{end}"}
        made: UUID = await self.peer.created(
            f"{API}/sessions", self.practice.session(person, sign=True, **times) | changed
        )
        return made

    async def run(self, **changed: str) -> dict[str, Any]:
        body = {"contract_id": str(self.contract_id)} | JUNE | changed
        answer = await self.administrator.post(f"{API}/claim-runs", body)
        assert answer.status_code == 201, answer.text
        return dict(answer.json())

    async def lines(self, run_id: str) -> list[dict[str, Any]]:
        answer = await self.administrator.get(f"{API}/claim-runs/{run_id}/lines")
        return list(answer.json()["items"])

    async def stops(self, run_id: str) -> dict[str, str]:
        answer = await self.administrator.get(f"{API}/claim-runs/{run_id}/stops")
        return {one["session_id"]: one["reason"] for one in answer.json()["items"]}


async def paid_practice(open_practice: Any, **changed: Any) -> Paid:
    practice = await open_practice()
    await practice.credential()
    return Paid(practice, await practice.administrator.created(f"{API}/payers", payer(**changed)))


@pytest.fixture
async def paid(open_practice: Any) -> Paid:
    return await paid_practice(open_practice, rate="14.25")


async def test_a_signed_session_is_claimed_once_and_runs_stay_as_they_were(paid: Paid) -> None:
    person = await paid.covered()
    session_id = await paid.signed(person, "2026-06-02")

    first, second = await paid.run(), await paid.run()

    assert (first["lines"], second["lines"]) == (1, 0)
    (line,) = await paid.lines(first["id"])
    assert (line["code"], line["modifiers"], line["units"], line["charge"], line["minutes"], line["place"]) == (
        "H0038", ["HF"], "3.00", "42.75", 45, "99",
    )  # fmt: skip
    assert line["service_date"] == "2026-06-02"
    later = await paid.signed(person, "2026-06-03")
    third = await paid.run()
    assert (third["lines"], await paid.stops(third["id"])) == (1, {})
    assert len(await paid.lines(first["id"])) == 1
    assert session_id != later


async def test_what_is_not_claimed_says_why_and_comes_back_when_it_may(paid: Paid) -> None:
    person = await paid.covered()
    draft = await paid.peer.created(
        f"{API}/sessions",
        paid.practice.session(person, started_at="2026-06-02T10:00", ended_at="2026-06-02T10:45"),
    )
    short = await paid.signed(person, "2026-06-03", "10:00", "10:07")
    by_text = await paid.signed(person, "2026-06-04", modality="text_chat", delivery_method="text")
    missed = await paid.signed(person, "2026-06-05", outcome="no_show")

    first = await paid.run()
    assert (await paid.peer.put(f"{API}/sessions/{draft}/signature", {}, 1)).status_code == 200
    second = await paid.run()

    assert await paid.stops(first["id"]) == {
        str(draft): "unsigned", str(short): "no_units", str(by_text): "method_not_covered",
    }  # fmt: skip
    assert str(missed) not in await paid.stops(first["id"])
    assert (first["lines"], second["lines"]) == (0, 1)
    totals = (await paid.administrator.get(f"{API}/claim-runs/{first['id']}")).json()
    assert {(one["reason"], one["sessions"], one["minutes"]) for one in totals["stopped"]} == {
        ("unsigned", 1, 45), ("no_units", 1, 7), ("method_not_covered", 1, 45),
    }  # fmt: skip


async def test_without_a_credential_the_line_stops_and_the_service_stands(open_practice: Any) -> None:
    practice = await open_practice()
    paid = Paid(practice, await practice.administrator.created(f"{API}/payers", payer()))
    person = await paid.covered()
    session_id = await paid.signed(person, "2026-06-02")

    made = await paid.run()

    assert await paid.stops(made["id"]) == {str(session_id): "no_live_credential"}
    assert (await paid.peer.get(f"{API}/sessions/{session_id}")).json()["status"] == "signed"


async def test_a_voided_session_is_taken_back_and_what_was_summed_with_it_is_claimed_anew(open_practice: Any) -> None:
    paid = await paid_practice(open_practice, unit_method="daily_sum_midpoint_8")
    supervisor = await add_staff(paid.administrator, "supervisor")
    person = await paid.covered()
    wrong = await paid.signed(person, "2026-06-02", "09:00", "09:30")
    await paid.signed(person, "2026-06-02", "11:00", "11:20")
    first = await paid.run()
    voided = await supervisor.put(f"{API}/sessions/{wrong}/void", {"reason": "recorded_twice"}, 1)

    second = await paid.run()
    third = await paid.run()

    assert voided.status_code == 200
    (claimed,) = await paid.lines(first["id"])
    back, anew = await paid.lines(second["id"])
    assert (claimed["units"], claimed["minutes"]) == ("3.00", 50)
    assert (back["reverses"], back["units"], back["minutes"]) == (claimed["id"], "3.00", 50)
    assert (anew["reverses"], anew["units"], anew["minutes"]) == (None, "1.00", 20)
    assert (second["reversals"], third["reversals"], third["lines"]) == (1, 0, 0)
    totals = (await paid.administrator.get(f"{API}/claim-runs/{second['id']}")).json()["claimed"]
    assert [(one["code"], one["lines"], one["units"], one["reversed_units"]) for one in totals] == [
        ("H0038", 1, "1.00", "3.00")
    ]


async def test_a_night_is_claimed_on_both_its_days(paid: Paid) -> None:
    person = await paid.covered()
    await paid.peer.created(
        f"{API}/sessions",
        paid.practice.session(person, sign=True, started_at="2026-06-30T23:30", ended_at="2026-07-01T00:45"),
    )

    june = await paid.run()
    july = await paid.run(first="2026-07-01", last="2026-07-31")

    assert [(line["service_date"], line["minutes"]) for line in await paid.lines(june["id"])] == [("2026-06-30", 30)]
    assert [(line["service_date"], line["minutes"]) for line in await paid.lines(july["id"])] == [("2026-07-01", 45)]


async def test_a_group_is_billed_with_its_modifier_person_by_person(paid: Paid) -> None:
    people = [await paid.covered() for _ in range(2)]
    attended = ("participant_id", "episode_id", "goal_ids", "outcome", "note")
    body = {name: value for name, value in paid.practice.session(people[0]).items() if name not in attended}
    attendees = [
        {"participant_id": str(one.participant_id), "episode_id": str(one.episode_id), "outcome": "completed"}
        for one in people
    ]
    body |= {"started_at": "2026-06-02T18:00", "ended_at": "2026-06-02T19:00", "modality": "group_facilitation"}
    group = body | {"program_id": str(paid.practice.program_id), "attendees": attendees, "sign": True}
    await paid.peer.created(f"{API}/groups", group)

    made = await paid.run()

    lines = await paid.lines(made["id"])
    assert [(line["modifiers"], line["units"]) for line in lines] == [(["HF", "HQ"], "4.00")] * 2
    assert {line["participant_id"] for line in lines} == {str(one.participant_id) for one in people}


async def test_authorised_units_are_used_up_and_what_is_left_is_shown(open_practice: Any) -> None:
    paid = await paid_practice(open_practice, needs_authorisation=True)
    person = await paid.covered()
    body = {
        "contract_id": str(paid.contract_id), "code": "H0038", "units": "4", "valid_from": "2026-06-01",
        "valid_to": "2026-12-31", "number": "canary-A-9",
    }  # fmt: skip
    place = f"{API}/participants/{person.participant_id}/authorisations"
    allowed = await paid.administrator.created(place, body)
    await paid.signed(person, "2026-06-02")
    await paid.signed(person, "2026-06-03")

    made = await paid.run()

    assert [(line["units"], line["authorisation_id"]) for line in await paid.lines(made["id"])] == [
        ("3.00", str(allowed)), ("1.00", str(allowed)),
    ]  # fmt: skip
    (left,) = (await paid.peer.get(place)).json()
    assert (left["units"], left["left"], left["number"]) == ("4.00", "0.00", None)
    (whole,) = (await paid.administrator.get(place)).json()
    assert whole["number"] == "canary-A-9"
    stranger = await add_staff(paid.administrator, "peer")
    assert (await stranger.get(place)).status_code == 404
    withdrawn = await paid.administrator.put(f"{API}/authorisations/{allowed}/withdrawal", {}, 1)
    again = await paid.administrator.put(f"{API}/authorisations/{allowed}/withdrawal", {}, 2)
    assert (withdrawn.status_code, problem(again)) == (200, (409, "already-withdrawn"))


async def test_the_sheet_names_the_member_and_no_cell_is_a_formula(paid: Paid) -> None:
    named = payer(rate="14.25") | {"payer": "=1+1"}
    assert (await paid.administrator.put(f"{API}/payers/{paid.contract_id}", named, 1)).status_code == 200
    person = await paid.covered(diagnosis_codes=["F11.20"])
    await paid.signed(person, "2026-06-02")
    made = await paid.run()

    answer = await paid.administrator.get(f"{API}/claim-runs/{made['id']}/sheet")

    (row,) = csv.DictReader(io.StringIO(answer.text))
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"].startswith("text/csv")
    assert (row["payer"], row["member_number"], row["diagnosis_codes"]) == ("'=1+1", "canary-M-77", "F11.20")
    assert (row["procedure_code"], row["modifier_1"], row["units"], row["charge"], row["claim_frequency"]) == (
        "H0038", "HF", "3.00", "42.75", "1",
    )  # fmt: skip


async def test_whoever_is_on_a_sheet_is_told_of_for_the_accounting_and_audited(paid: Paid) -> None:
    people = [await paid.covered(), await paid.covered()]
    for place, person in enumerate(people):
        await paid.signed(person, f"2026-06-0{place + 2}")
    made = await paid.run()

    await paid.administrator.get(f"{API}/claim-runs/{made['id']}/sheet")

    told = await paid.practice.platform.fetch(
        "select payload::jsonb -> 'data' as data from (select payload, agency_id, type from session_logging.outbox "
        "union all select payload, agency_id, type from session_logging.ledger) e "
        "where agency_id = :id and type like '%claims-released%'",
        id=paid.administrator.agency_id,
    )
    (release,) = [row["data"] for row in told]
    assert release["run_id"] == made["id"]
    assert {one["participant_id"] for one in release["people"]} == {str(one.participant_id) for one in people}
    assert all(one["consent_id"] for one in release["people"])
    assert "canary" not in str(release)


async def test_numbers_and_diagnoses_are_sealed_and_told_to_nobody(paid: Paid) -> None:
    person = await paid.covered(diagnosis_codes=["canary-F11"])
    rows = await paid.practice.platform.fetch(
        "select details from session_logging.coverage where participant_id = :id", id=person.participant_id
    )
    assert all(b"canary" not in bytes(row["details"]) for row in rows)
    kept = await paid.practice.platform.value(
        "select count(*) from session_logging.idempotency where body::text like '%canary%' and agency_id = :id",
        id=paid.administrator.agency_id,
    )
    assert kept == 0
    (read,) = (await paid.administrator.get(f"{API}/participants/{person.participant_id}/coverages")).json()
    assert (read["member_number"], read["diagnosis_codes"]) == ("canary-M-77", ["canary-F11"])


async def test_nobody_is_covered_twice_on_one_day(paid: Paid) -> None:
    person = await paid.covered(valid_to="2026-06-30")
    place = f"{API}/participants/{person.participant_id}/coverages"
    body = {"contract_id": str(paid.contract_id), "member_number": "M-2"}

    overlapping = await paid.administrator.post(place, body | {"valid_from": "2026-06-30"})
    following = await paid.administrator.post(place, body | {"valid_from": "2026-07-01"})
    backwards = await paid.administrator.post(place, body | {"valid_from": "2026-07-02", "valid_to": "2026-07-01"})

    assert problem(overlapping) == (409, "covered-twice")
    assert following.status_code == 201
    assert problem(backwards) == (422, "ends-before-it-starts")


async def test_only_days_of_the_coverage_are_claimed(paid: Paid) -> None:
    person = await paid.covered(valid_from="2026-06-02", valid_to="2026-06-03")
    for day in ("2026-06-01", "2026-06-02", "2026-06-03", "2026-06-04"):
        await paid.signed(person, day)

    made = await paid.run()

    assert [line["service_date"] for line in await paid.lines(made["id"])] == ["2026-06-02", "2026-06-03"]


async def test_terms_change_from_the_next_run_on_and_the_run_keeps_its_own(paid: Paid) -> None:
    person = await paid.covered()
    await paid.signed(person, "2026-06-02")
    first = await paid.run()
    body = payer(rate="20.00")

    stale = await paid.administrator.put(f"{API}/payers/{paid.contract_id}", body, 9)
    changed = await paid.administrator.put(f"{API}/payers/{paid.contract_id}", body, 1)
    await paid.signed(person, "2026-06-03")
    second = await paid.run()

    assert (stale.status_code, changed.status_code) == (412, 200)
    rates = [
        (await paid.administrator.get(f"{API}/claim-runs/{one['id']}")).json()["terms"]["lines"][0]["rate"]
        for one in (first, second)
    ]
    assert rates == ["14.25", "20.00"]
    runs = (await paid.administrator.get(f"{API}/claim-runs", limit="1")).json()
    assert [one["id"] for one in runs["items"]] == [second["id"]]
    older = (await paid.administrator.get(f"{API}/claim-runs", limit="1", next=runs["next"])).json()
    assert [one["id"] for one in older["items"]] == [first["id"]]


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"first": "2026-07-01"}, "ends-before-it-starts"),
        ({"first": "2024-01-01"}, "period-too-long"),
        ({"contract_id": "00000000-0000-4000-8000-000000000000"}, "unknown-contract"),
    ],
)
async def test_a_run_that_cannot_be_leaves_nothing(paid: Paid, changed: dict[str, str], code: str) -> None:
    answer = await paid.administrator.post(f"{API}/claim-runs", {"contract_id": str(paid.contract_id)} | JUNE | changed)

    assert problem(answer) == (422, code)
    assert (await paid.administrator.get(f"{API}/claim-runs")).json()["items"] == []


async def test_a_payer_that_counts_months_is_run_from_the_first_of_one(open_practice: Any) -> None:
    monthly = {"first_minutes": 60, "next_code": "G0146", "next_minutes": 30}
    paid = await paid_practice(open_practice, code="G0140", modifiers=[], group_modifier=None, monthly=monthly)
    person = await paid.covered(agreed_on="2026-05-01", visited_on="2026-05-02")
    for day in ("2026-06-02", "2026-06-30"):
        await paid.signed(person, day, "10:00", "10:50", service_code="G0140", navigation=["goal_setting"])

    refused = await paid.administrator.post(
        f"{API}/claim-runs", {"contract_id": str(paid.contract_id)} | JUNE | {"first": "2026-06-02"}
    )
    made = await paid.run()

    assert problem(refused) == (422, "begins-mid-month")
    # 100 minutes: the first hour, and one whole half hour.
    assert [(line["code"], line["units"], line["minutes"]) for line in await paid.lines(made["id"])] == [
        ("G0140", "1.00", 100), ("G0146", "1.00", 0),
    ]  # fmt: skip


async def test_only_administrators_keep_payers_and_make_claims(paid: Paid) -> None:
    supervisor = await add_staff(paid.administrator, "supervisor")
    run = {"contract_id": str(paid.contract_id)} | JUNE

    answers = [
        answer.status_code
        for caller in (paid.peer, supervisor)
        for answer in (
            await caller.post(f"{API}/payers", payer()),
            await caller.get(f"{API}/payers"),
            await caller.post(f"{API}/claim-runs", run),
            await caller.get(f"{API}/claim-runs"),
        )
    ]

    assert set(answers) == {403}


async def test_another_agency_finds_nothing_of_it(paid: Paid, http: Any, platform: Any) -> None:
    person = await paid.covered()
    made = await paid.run()
    stranger = await open_agency(http, platform)
    await paid.practice.heard("agency", [stranger.agency_id])

    answers = [
        await stranger.get(f"{API}/payers/{paid.contract_id}"),
        await stranger.get(f"{API}/claim-runs/{made['id']}"),
        await stranger.get(f"{API}/claim-runs/{made['id']}/sheet"),
        await stranger.get(f"{API}/participants/{person.participant_id}/coverages"),
    ]

    assert [answer.status_code for answer in answers] == [404, 404, 404, 404]


async def test_limits_of_packs_are_offered_with_how_sure_we_are(paid: Paid) -> None:
    offered = (await paid.administrator.get(f"{API}/payers")).json()["pack_limits"]

    assert {(one["pack_id"], one["required"]) for one in offered} == {
        ("NJ", False), ("OH", False), ("TX", False), ("VA", False),
    }  # fmt: skip


async def test_without_a_consent_to_payment_nothing_is_claimed_and_what_was_is_withheld(paid: Paid) -> None:
    person = await paid.covered(consent=False)
    session_id = await paid.signed(person, "2026-06-02")

    first = await paid.run()
    consent_id = await paid.consent(person)
    second = await paid.run()
    sheet = f"{API}/claim-runs/{second['id']}/sheet"
    shown = await paid.administrator.get(sheet)
    revoked = datetime(2026, 7, 1, 15, tzinfo=UTC)
    await paid.consent(person, consent_id, 2, status="revoked", revoked_at=revoked)
    withheld = await paid.administrator.get(sheet)

    assert await paid.stops(first["id"]) == {str(session_id): "no_consent"}
    assert (second["lines"], shown.text.count("H0038"), shown.headers["handrail-withheld-lines"]) == (1, 1, "0")
    assert (withheld.text.count("H0038"), withheld.headers["handrail-withheld-lines"]) == (0, "1")
    assert (await paid.administrator.get(f"{API}/claim-runs/{second['id']}")).json()["withheld"] == 1


async def test_a_named_consent_opens_the_payer_that_its_coverage_names(paid: Paid) -> None:
    person = await paid.covered(consent=False, valid_to="2026-06-30")
    consent_id = await paid.consent(person, consent_type="named_recipients")
    await paid.signed(person, "2026-06-02")
    assert (await paid.run())["lines"] == 0
    place = f"{API}/participants/{person.participant_id}/coverages"
    (before,) = (await paid.administrator.get(place)).json()
    body = {"contract_id": str(paid.contract_id), "valid_from": "2026-01-01", "member_number": "M-1"}

    unknown = await paid.administrator.put(
        f"{API}/coverages/{before['id']}", body | {"consent_id": str(uuid.uuid4())}, 1
    )
    named = await paid.administrator.put(f"{API}/coverages/{before['id']}", body | {"consent_id": str(consent_id)}, 1)

    assert (problem(unknown), named.status_code) == ((422, "unknown-consent"), 200)
    assert (await paid.run())["lines"] == 1


async def test_merged_records_with_two_coverages_are_claimed_once_by_the_first(paid: Paid) -> None:
    ana, twin = await paid.covered(), await paid.covered(valid_from="2026-02-01")
    await paid.signed(ana, "2026-06-02")
    await paid.signed(twin, "2026-06-03")
    merge_id = uuid.uuid4()
    merged = intake.MergeFacts(
        merge_id=merge_id, survivor_id=ana.participant_id, merged_id=twin.participant_id, moved_ids=[],
        merged_at=datetime(2026, 6, 20, tzinfo=UTC),
    )  # fmt: skip
    await paid.practice.tell(intake.PARTICIPANTS_MERGED, merged, about=merge_id)
    await paid.practice.heard("merge", [merge_id])

    made = await paid.run()

    lines = await paid.lines(made["id"])
    assert [(line["participant_id"], line["units"]) for line in lines] == [(str(ana.participant_id), "3.00")] * 2
    place = f"{API}/participants/{twin.participant_id}/coverages"
    listed = (await paid.administrator.get(place)).json()
    withdrawn = await paid.administrator.put(f"{API}/coverages/{listed[0]['id']}/withdrawal", {}, 1)
    assert withdrawn.status_code == 200
    assert [one["withdrawn"] for one in (await paid.administrator.get(place)).json()] == [True, False]


async def test_coverages_recorded_at_the_same_moment_are_one(paid: Paid) -> None:
    person = await paid.practice.enrol()
    body = {"contract_id": str(paid.contract_id), "valid_from": "2026-01-01", "member_number": "M-1"}
    place = f"{API}/participants/{person.participant_id}/coverages"

    answers = await asyncio.gather(*(paid.administrator.post(place, body) for _ in range(5)))

    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409, 409]


async def test_of_two_sessions_at_one_time_the_first_signed_is_claimed_until_it_is_voided(paid: Paid) -> None:
    ana, ben = await paid.covered(), await paid.covered()
    supervisor = await add_staff(paid.administrator, "supervisor")
    first = await paid.signed(ana, "2026-06-02")
    second = await paid.signed(ben, "2026-06-02")

    before = await paid.run()
    await supervisor.put(f"{API}/sessions/{first}/void", {"reason": "did_not_happen"}, 1)
    after = await paid.run()

    assert await paid.stops(before["id"]) == {str(second): "overlaps"}
    assert [line["participant_id"] for line in await paid.lines(before["id"])] == [str(ana.participant_id)]
    assert [
        (line["participant_id"], line["reverses"] is not None) for line in await paid.lines(after["id"])
    ] == [(str(ana.participant_id), True), (str(ben.participant_id), False)]  # fmt: skip


async def test_a_run_says_for_ever_what_it_said(paid: Paid) -> None:
    person = await paid.covered(diagnosis_codes=["F11.20"])
    await paid.signed(person, "2026-06-02")
    made = await paid.run()
    before = (await paid.administrator.get(f"{API}/claim-runs/{made['id']}/sheet")).text
    (coverage,) = (await paid.administrator.get(f"{API}/participants/{person.participant_id}/coverages")).json()
    body = {"contract_id": str(paid.contract_id), "valid_from": "2026-01-01", "member_number": "other"}

    await paid.administrator.put(f"{API}/coverages/{coverage['id']}", body, 1)
    await paid.administrator.put(f"{API}/payers/{paid.contract_id}", payer() | {"payer": "Renamed"}, 1)

    assert (await paid.administrator.get(f"{API}/claim-runs/{made['id']}/sheet")).text == before
    assert "canary-M-77" in before


async def test_a_line_is_taken_back_on_request_and_its_session_looked_at_anew(paid: Paid) -> None:
    person = await paid.covered()
    await paid.signed(person, "2026-06-02")
    first = await paid.run()
    (line,) = await paid.lines(first["id"])
    await paid.administrator.put(f"{API}/payers/{paid.contract_id}", payer(rate="20.00"), 1)
    body = {"contract_id": str(paid.contract_id)} | JUNE

    again = await paid.administrator.post(f"{API}/claim-runs", body | {"take_back": [line["id"]]})
    unknown = await paid.administrator.post(f"{API}/claim-runs", body | {"take_back": [line["id"]]})

    assert again.status_code == 201
    back, anew = await paid.lines(again.json()["id"])
    assert (back["reverses"], back["charge"], anew["reverses"], anew["charge"]) == (line["id"], "42.75", None, "60.00")
    assert problem(unknown) == (422, "unknown-standing-line")
