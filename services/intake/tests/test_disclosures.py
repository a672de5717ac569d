"""Disclosures through HTTP: what leaves, on what, with what beside it, and what the person can have accounted for."""

import asyncio
import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from common.http import decode_cursor
from intake.rules.consents import InformationCategory
from intake.rules.disclosures import View
from intake.rules.views import ALWAYS, CATEGORY_OF, FIELDS, shown_fields

INTAKE = "/api/intake/v1"
SHORT = "42 CFR part 2 prohibits unauthorized use or disclosure of these records."
# Pinned: another wording of either is another statement with another code (42 CFR 2.32(a)).
SHORT_SHA256 = "79fee3d6dff7e052183c61b66bfed589f0f45dcf330bb277e07b396bd12e9774"
LONG_SHA256 = "91a8205cbfa3cf760da6ad1d28b413cb1b99c1f6182b7e39e94e829a9e3c346a"
SINCE_JANUARY = {"valid_from": "2026-01-05"}
FOR_HOUSING = {"view": "referral_summary", "channel": "fax", "categories": ["attendance", "substance_use_disorder"]}
EMERGENCY: dict[str, Any] = {
    "basis": "medical_emergency",
    "purpose": "emergency_care",
    "recipient": {"name": "Mercy Emergency Canary", "address": "1 Mercy Way"},
    "categories": ["substance_use_disorder"],
    "notice_statement": None,
    "scope_attached": None,
    "emergency": {
        "personnel": "Dr. Canary Okafor",
        "role": "physician",
        "facility": "Mercy",
        "nature": "Overdose in the yard",
        "justification": "Not responsive, nobody else could consent",
    },
}
OWN_COPY = {
    "recipient": {"kind": "person", "identity_proof": "known_in_person"},
    "purpose": "at_request_of_patient",
    "categories": ["demographics", "attendance", "recovery_plan"],
    "view": "own_copy",
}


async def party(clinic: Any, **terms: object) -> UUID:
    body = {"name": f"Mercy {uuid4()}", "kind": "hospital", "covered_entity": True} | terms
    return UUID(str(await clinic.administrator.created(f"{INTAKE}/parties", body)))


async def relate(clinic: Any, participant_id: UUID, party_id: UUID, relation: str = "treating_provider") -> UUID:
    body = {"party_id": str(party_id), "relation": relation} | SINCE_JANUARY
    made = await clinic.administrator.created(f"{INTAKE}/participants/{participant_id}/relations", body)
    return UUID(str(made))


async def ledger(clinic: Any, participant_id: UUID) -> list[Any]:
    rows: list[Any] = await clinic.platform.fetch(
        "select * from intake.disclosure where participant_id = :p order by id", p=participant_id
    )
    return rows


def packaged(clinic: Any, participant_id: UUID, consent_id: UUID | None, **wish: object) -> dict[str, Any]:
    body: dict[str, Any] = clinic.disclosure(participant_id, consent_id, **FOR_HOUSING | wish)
    return {name: value for name, value in body.items() if name not in ("notice_statement", "scope_attached")}


async def page(caller: Any, path: str) -> Any:
    """Ask as a browser does."""
    return await caller.http.get(path, headers=caller.headers({"Accept": "text/html"}))


async def prepare(clinic: Any, body: dict[str, Any]) -> UUID:
    return UUID(str(await clinic.administrator.created(f"{INTAKE}/packages", body)))


def codes(answer: Any) -> list[str]:
    return [one["code"] for one in answer.json()["errors"]]


def kind_of(answer: Any) -> str:
    return str(answer.json()["type"]).removeprefix("/problems/")


# What is told at once


async def test_a_disclosure_keeps_its_row_its_consents_version_and_its_origin(clinic: Any) -> None:
    participant_id = await clinic.enrol()
    consent_id = await clinic.sign(participant_id)
    wish = clinic.disclosure(participant_id, consent_id, channel="phone", description="Canary spoke with the desk")

    made = await clinic.administrator.created(f"{INTAKE}/disclosures", wish)

    (row,) = await ledger(clinic, participant_id)
    assert (row["decision_row"], row["consent_version"], row["recipient_place"]) == ("D8", 1, 0)
    assert (row["path"], row["channel"], row["origin"]) == ("recorded", "phone", "own_part2")
    assert b"Canary" not in bytes(row["details"])
    (event,) = await clinic.events(made)
    assert event["type"] == "handrail.intake.disclosure-made.v2"
    assert '"origin":"own_part2"' in event["payload"]
    assert "anary" not in event["payload"]


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        ({"recipient": {"name": "County Jail"}}, "recipient-not-covered"),
        ({"purpose": "employment"}, "purpose-not-covered"),
        ({"categories": ["progress"]}, "category-not-covered"),
        ({"notice_statement": None}, "notice-statement-missing"),
        ({"scope_attached": None}, "scope-missing"),
        ({"for_proceeding": True}, "proceeding-not-permitted"),
        ({"includes_counseling_notes": True}, "counseling-notes-not-covered"),
        ({"basis": "hipaa_permitted", "consent_id": None}, "part2-record"),
        ({"basis": "court_order", "consent_id": None}, "order-missing"),
        ({"basis": "court_order", "consent_id": None, "subpoena_reference": "S-1"}, "subpoena-alone"),
        ({"basis": "medical_emergency", "consent_id": None}, "emergency-items-missing"),
        ({"basis": "child_abuse_report", "consent_id": None}, "report-form-only"),
        ({"basis": "crime_on_premises", "consent_id": None}, "crime-packet-too-large"),
        ({"basis": "qualified_service", "consent_id": None}, "qualified-service-not-referral"),
        ({"basis": "audit_evaluation", "consent_id": None}, "agreement-missing"),
        ({"basis": "research", "consent_id": None}, "agreement-missing"),
        ({"basis": None, "consent_id": None}, "no-basis"),
        ({"basis": None, "consent_id": None, "demand": "warrant"}, "warrant-alone"),
        ({"basis": None, "consent_id": None, "demand": "public_health"}, "public-health-identified"),
        ({"basis": None, "consent_id": None, "demand": "duty_to_warn"}, "would-identify-patient"),
        ({"basis": None, "consent_id": None, "demand": "duty_to_warn", "identifies": False}, "no-disclosure"),
        ({"recipient": {"kind": "person", "identity_proof": "known_in_person"}}, "own-copy-needs-no-basis"),
        (
            {"recipient": {"kind": "person", "identity_proof": "own_code"}, "basis": None, "consent_id": None},
            "no-disclosure",
        ),
    ],
)
async def test_each_ground_has_its_own_problem_and_leaves_one_audit_entry(
    clinic: Any, wish: dict[str, Any], expected: str
) -> None:
    participant_id = await clinic.enrol()
    consent_id = await clinic.sign(participant_id)
    before, audited = await clinic.rows(), await clinic.refusals()

    answer = await clinic.administrator.post(
        f"{INTAKE}/disclosures", clinic.disclosure(participant_id, consent_id) | wish
    )

    assert (answer.status_code, kind_of(answer)) == (409, expected)
    assert (await clinic.rows(), await clinic.refusals()) == (before, audited + 1)
    assert "anary" not in answer.text


async def test_the_audit_entry_of_a_refusal_names_the_row(clinic: Any) -> None:
    participant_id = await clinic.enrol()
    consent_id = await clinic.sign(participant_id)
    wish = clinic.disclosure(participant_id, consent_id, purpose="employment")

    answer = await clinic.administrator.post(f"{INTAKE}/disclosures", wish)

    sql = (
        "select detail->>'row' as row from (select request_id, detail from intake.audit union all "
        "select request_id, detail from intake.audit_pending) a where request_id = cast(:r as uuid)"
    )
    found = await clinic.platform.fetch(sql, r=answer.json()["request_id"])
    assert [one["row"] for one in found] == ["D8"]


async def test_a_stranger_a_peer_without_the_person_and_an_unknown_id_get_the_same_answer(
    clinic: Any, stranger: Any, nobody: UUID
) -> None:
    participant_id = await clinic.enrol()
    consent_id = await clinic.sign(participant_id)
    wish = clinic.disclosure(participant_id, consent_id)
    unknown = clinic.disclosure(nobody, consent_id)

    answers = [
        await stranger.post(f"{INTAKE}/disclosures", wish),
        await clinic.peer.post(f"{INTAKE}/disclosures", wish),
        await clinic.administrator.post(f"{INTAKE}/disclosures", unknown),
        await stranger.post(f"{INTAKE}/disclosure-previews", wish),
        await stranger.get(f"{INTAKE}/participants/{participant_id}/accounting"),
        await stranger.get(f"{INTAKE}/participants/{participant_id}/disclosures"),
    ]

    said = [{**answer.json(), "request_id": None} for answer in answers]
    assert {answer.status_code for answer in answers} == {404}
    assert all(one == said[0] for one in said)


async def test_a_class_in_a_consent_means_whom_a_recorded_relation_proves(clinic: Any) -> None:
    participant_id, party_id = await clinic.enrol(), await party(clinic)
    consent_id = await clinic.sign(
        participant_id,
        consent_type="tpo",
        recipients=[{"recipient_class": "treating_provider", "covered_entity": True}],
        purposes=["treatment"],
        redisclosure_statement="redisclosure-2026-11",
        tpo_redisclosure_statement="tpo-redisclosure-2026-11",
        tpo_refusal_statement="tpo-refusal-2026-11",
    )
    wish = clinic.disclosure(participant_id, consent_id, purpose="treatment", recipient={"party_id": str(party_id)})

    before = await clinic.administrator.post(f"{INTAKE}/disclosures", wish)
    relation_id = await relate(clinic, participant_id, party_id)
    during = await clinic.administrator.post(f"{INTAKE}/disclosures", wish)
    await clinic.administrator.put(f"{INTAKE}/relations/{relation_id}/end", {}, version=1)
    after = await clinic.administrator.post(f"{INTAKE}/disclosures", wish)

    assert (before.status_code, kind_of(before)) == (409, "relation-not-proven")
    assert during.status_code == 201
    assert (after.status_code, kind_of(after)) == (409, "relation-not-proven")


async def test_an_emergency_is_told_to_medical_personnel_and_reviewed_by_somebody_else(clinic: Any) -> None:
    participant_id = await clinic.enrol()
    wish = clinic.disclosure(participant_id, None, **EMERGENCY)
    police = EMERGENCY | {"emergency": EMERGENCY["emergency"] | {"role": "law_enforcement"}}

    refused = await clinic.administrator.post(
        f"{INTAKE}/disclosures", clinic.disclosure(participant_id, None, **police)
    )
    made = await clinic.administrator.created(f"{INTAKE}/disclosures", wish)
    own = await clinic.administrator.post(f"{INTAKE}/disclosures/{made}/reviews", {"outcome": "justified"})
    other = await clinic.privacy_officer.post(f"{INTAKE}/disclosures/{made}/reviews", {"outcome": "justified"})
    again = await clinic.privacy_officer.post(f"{INTAKE}/disclosures/{made}/reviews", {"outcome": "follow_up"})

    assert (refused.status_code, kind_of(refused)) == (409, "emergency-not-medical")
    assert (own.status_code, kind_of(own)) == (409, "reviewed-by-discloser")
    assert (other.status_code, again.status_code) == (201, 409)
    (row,) = await ledger(clinic, participant_id)
    assert (row["decision_row"], row["basis"]) == ("D10", "medical_emergency")
    assert b"Okafor" not in bytes(row["details"])


async def test_an_emergency_may_be_recorded_later_and_is_flagged(clinic: Any) -> None:
    participant_id = await clinic.enrol()
    earlier = (datetime.now(UTC) - timedelta(hours=3)).isoformat()
    late = EMERGENCY | {"emergency": EMERGENCY["emergency"] | {"happened_at": earlier}}
    soon = EMERGENCY | {"emergency": EMERGENCY["emergency"] | {"happened_at": "2199-01-01T00:00:00Z"}}

    made = await clinic.administrator.created(f"{INTAKE}/disclosures", clinic.disclosure(participant_id, None, **late))
    future = await clinic.administrator.post(f"{INTAKE}/disclosures", clinic.disclosure(participant_id, None, **soon))
    waiting = await all_waiting(clinic.privacy_officer)

    assert (future.status_code, kind_of(future)) == (422, "in-the-future")
    (row,) = await ledger(clinic, participant_id)
    assert row["recorded_at"] - row["made_at"] >= timedelta(hours=3)
    (mine,) = [one for one in waiting if one["id"] == str(made)]
    assert (mine["late"], mine["basis"], mine["overdue"]) == (True, "medical_emergency", False)


async def all_waiting(caller: Any) -> list[dict[str, Any]]:
    """Return the whole list of what waits for a review, page by page."""
    items: list[dict[str, Any]] = []
    following: dict[str, str] = {}
    while True:
        page = (await caller.get(f"{INTAKE}/disclosures", reviewable="true", limit=100, **following)).json()
        items += page["items"]
        if page["next"] is None:
            return items
        assert decode_cursor(page["next"])
        following = {"next": page["next"]}


async def test_who_may_review(clinic: Any) -> None:
    made = await clinic.administrator.created(
        f"{INTAKE}/disclosures", clinic.disclosure(await clinic.enrol(), None, **EMERGENCY)
    )

    answers = [
        await clinic.peer.get(f"{INTAKE}/disclosures", reviewable="true"),
        await clinic.supervisor.post(f"{INTAKE}/disclosures/{made}/reviews", {"outcome": "justified"}),
        await clinic.privacy_officer.get(f"{INTAKE}/disclosures"),
    ]

    assert [one.status_code for one in answers] == [403, 403, 422]


async def test_a_review_is_of_what_rested_on_no_consent(clinic: Any) -> None:
    participant_id = await clinic.enrol()
    wish = clinic.disclosure(participant_id, await clinic.sign(participant_id))
    made = await clinic.administrator.created(f"{INTAKE}/disclosures", wish)

    answer = await clinic.privacy_officer.post(f"{INTAKE}/disclosures/{made}/reviews", {"outcome": "justified"})

    assert (answer.status_code, kind_of(answer)) == (409, "no-review-needed")


async def test_an_order_and_its_subpoena_open_what_they_name_once_counsel_signed(clinic: Any) -> None:
    participant_id = await clinic.enrol()
    order = {
        "section": "2.64",
        "court": "Canary County Superior Court",
        "order_reference": "CV-26",
        "recipient_name": "Attorney Canary Lopez",
        "findings": ["other_ways_unavailable", "public_interest_outweighs"],
        "notice_given": True,
        "categories": ["attendance"],
        "against_patient": False,
        "issued_on": "2026-02-01",
    }
    order_id = await clinic.administrator.created(f"{INTAKE}/participants/{participant_id}/court-orders", order)
    path = f"{INTAKE}/court-orders/{order_id}"
    wish = clinic.disclosure(
        participant_id,
        None,
        basis="court_order",
        court_order_id=str(order_id),
        purpose="legal_proceedings",
        recipient={"name": "Attorney Canary Lopez"},
    )

    alone = await clinic.administrator.post(f"{INTAKE}/disclosures", wish)
    subpoena = {"reference": "SUB-9", "issued_on": "2026-02-03"}
    await clinic.administrator.put(f"{path}/subpoena", subpoena, version=1)
    unsigned = await clinic.administrator.post(f"{INTAKE}/disclosures", wish)
    await clinic.privacy_officer.put(f"{path}/counsel-signature", {}, version=2)
    beyond = await clinic.administrator.post(f"{INTAKE}/disclosures", wish | {"categories": ["progress"]})
    made = await clinic.administrator.post(f"{INTAKE}/disclosures", wish)

    assert (alone.status_code, codes(alone)) == (409, ["order-alone", "order-not-signed-by-counsel"])
    assert codes(unsigned) == ["order-not-signed-by-counsel"]
    assert codes(beyond) == ["order-out-of-scope"]
    assert made.status_code == 201
    (row,) = await ledger(clinic, participant_id)
    assert (row["decision_row"], row["court_order_id"]) == ("D5", UUID(str(order_id)))


# Previews and packages


async def test_a_package_shows_its_view_the_statement_and_the_scope_and_no_more(clinic: Any) -> None:
    participant_id = await clinic.enrol(phone="555-0142", birth_date="1990-06-01", address="9 Canary Street")
    await clinic.open(participant_id)
    consent_id = await clinic.sign(participant_id)
    body = packaged(clinic, participant_id, consent_id)

    preview = (await clinic.administrator.post(f"{INTAKE}/disclosure-previews", body)).json()
    package_id = await prepare(clinic, body)
    early = await clinic.administrator.get(f"{INTAKE}/packages/{package_id}/document")
    handed = await clinic.administrator.put(f"{INTAKE}/packages/{package_id}/handover", {}, version=1)
    document = await clinic.administrator.get(f"{INTAKE}/packages/{package_id}/document")
    record = (await clinic.administrator.get(f"{INTAKE}/packages/{package_id}")).json()

    assert (preview["allowed"], preview["row"], preview["grounds"]) == (True, "D8", [])
    assert (early.status_code, kind_of(early)) == (409, "not-handed-over")
    assert (handed.status_code, handed.json()["outcome"]) == (200, "handed_over")
    shown = document.json()
    assert shown["fields"] == {
        "name": "Maura Canary-O'Brien",
        "patient_status": True,
        "service_periods": [{"from": "2026-01-05", "to": None}],
    }
    assert shown["notice"] == {"code": "notice-short-2024", "words": SHORT, "sha256": SHORT_SHA256}
    assert "Canary County Housing" in shown["scope"]["words"]
    assert shown["scope"]["sha256"] == hashlib.sha256(shown["scope"]["words"].encode()).hexdigest()
    assert (shown["from"], shown["to"]["name"]) == (["Riverbend Recovery"], "Canary County Housing")
    assert {name: shown[name] for name in ("fields", "notice", "scope")} == {
        name: preview[name] for name in ("fields", "notice", "scope")
    }
    assert not [one for one in ("555-0142", "1990", "Street") if one in document.text]
    assert hashlib.sha256(document.content).hexdigest() == record["content_sha256"]


async def test_the_long_statement_goes_with_a_letter_word_for_word(clinic: Any) -> None:
    participant_id = await clinic.enrol()
    body = packaged(clinic, participant_id, await clinic.sign(participant_id), channel="mail")

    preview = (await clinic.administrator.post(f"{INTAKE}/disclosure-previews", body)).json()

    assert preview["notice"]["code"] == "notice-long-2024"
    assert preview["notice"]["sha256"] == hashlib.sha256(preview["notice"]["words"].encode()).hexdigest()
    assert preview["notice"]["sha256"] == LONG_SHA256


async def test_a_printed_package_opens_with_the_statement_and_loads_nothing(clinic: Any) -> None:
    participant_id = await clinic.enrol(name="<b>Maura</b> Canary")
    consent_id = await clinic.sign(participant_id)
    package_id = await prepare(clinic, packaged(clinic, participant_id, consent_id))
    await clinic.administrator.put(f"{INTAKE}/packages/{package_id}/handover", {}, version=1)

    printed = await page(clinic.administrator, f"{INTAKE}/packages/{package_id}/document")

    assert printed.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in printed.headers["content-security-policy"]
    assert "&lt;b&gt;Maura&lt;/b&gt; Canary" in printed.text
    assert printed.text.index(SHORT) < printed.text.index("Maura")
    assert "Canary County Housing" in printed.text


async def test_a_preview_says_why_not_and_writes_nothing_but_its_audit_entry(clinic: Any) -> None:
    participant_id = await clinic.enrol()
    consent_id = await clinic.sign(participant_id)
    body = packaged(clinic, participant_id, consent_id, purpose="treatment")
    before = await clinic.rows()

    answer = await clinic.administrator.post(f"{INTAKE}/disclosure-previews", body)

    found = answer.json()
    assert (answer.status_code, found["allowed"], found["row"]) == (200, False, "D8")
    assert [one["code"] for one in found["grounds"]] == ["purpose-not-covered"]
    assert found["grounds"][0]["detail"].endswith(".")
    assert await clinic.rows() == before


async def test_a_package_that_may_not_leave_any_more_is_closed_and_says_why(clinic: Any) -> None:
    participant_id = await clinic.enrol()
    consent_id, party_id = await clinic.sign(participant_id), await party(clinic)
    package_id = await prepare(clinic, packaged(clinic, participant_id, consent_id))
    restriction = {"categories": [], "purposes": ["housing"], "words": "Not to the county, please"}
    asked = await clinic.administrator.post(f"{INTAKE}/participants/{participant_id}/restrictions", restriction)
    restriction_id = asked.json()["id"]
    decision = {"decision": "agreed"}
    agreed = await clinic.administrator.put(f"{INTAKE}/restrictions/{restriction_id}/decision", decision, version=1)

    answer = await clinic.administrator.put(f"{INTAKE}/packages/{package_id}/handover", {}, version=1)
    again = await clinic.administrator.put(f"{INTAKE}/packages/{package_id}/handover", {}, version=2)
    record = (await clinic.administrator.get(f"{INTAKE}/packages/{package_id}")).json()

    assert (asked.status_code, agreed.status_code, party_id is None) == (201, 200, False)
    assert (answer.status_code, answer.json()["outcome"], answer.json()["row"]) == (200, "cancelled", "D7")
    assert [one["code"] for one in answer.json()["grounds"]] == ["restricted"]
    assert (again.status_code, kind_of(again)) == (409, "package-cancelled")
    assert (record["state"], record["end_reason"]) == ("cancelled", "restricted")
    assert await ledger(clinic, participant_id) == []


async def test_a_revocation_closes_what_was_prepared_on_it(clinic: Any) -> None:
    participant_id = await clinic.enrol()
    consent_id = await clinic.sign(participant_id)
    package_id = await prepare(clinic, packaged(clinic, participant_id, consent_id))

    await clinic.administrator.put(f"{INTAKE}/consents/{consent_id}/revocation", {}, version=1)
    answer = await clinic.administrator.put(f"{INTAKE}/packages/{package_id}/handover", {}, version=1)

    assert answer.status_code in (200, 409)
    assert "handed_over" not in answer.text
    assert await ledger(clinic, participant_id) == []


async def test_a_package_is_told_of_when_it_waits_and_when_it_no_longer_does(clinic: Any) -> None:
    participant_id = await clinic.enrol()
    body = packaged(clinic, participant_id, await clinic.sign(participant_id))

    package_id = await prepare(clinic, body)
    gone = await clinic.administrator.put(f"{INTAKE}/packages/{package_id}/cancellation", {}, version=1)

    assert (gone.status_code, gone.json()["version"]) == (200, 2)
    events = await clinic.events(package_id)
    assert [one["type"].split(".")[2] for one in events] == ["package-prepared", "package-closed"]
    assert not [one for one in events if "anary" in one["payload"]]
    assert await ledger(clinic, participant_id) == []


async def test_the_persons_own_copy_is_no_disclosure_and_needs_to_know_who_it_is(clinic: Any) -> None:
    participant_id = await clinic.enrol()
    await clinic.open(participant_id)
    body = {"participant_id": str(participant_id), "language": "es", "channel": "in_person"} | OWN_COPY
    unproofed = body | {"recipient": {"kind": "person"}}

    refused = await clinic.administrator.post(f"{INTAKE}/packages", unproofed)
    package_id = await prepare(clinic, body)
    handed = await clinic.administrator.put(f"{INTAKE}/packages/{package_id}/handover", {}, version=1)
    printed = await page(clinic.administrator, f"{INTAKE}/packages/{package_id}/document")

    assert (refused.status_code, kind_of(refused)) == (409, "identity-not-proofed")
    assert (handed.json()["outcome"], handed.json()["row"]) == ("handed_over", "D2")
    assert 'lang="es"' in printed.text
    assert "Nombre" in printed.text
    assert "42 CFR" not in printed.text
    assert [(row["decision_row"], row["basis"]) for row in await ledger(clinic, participant_id)] == [
        ("D2", "access_by_person")
    ]


async def test_what_was_handed_over_is_not_seen_again_once_its_consent_is_revoked(clinic: Any) -> None:
    participant_id = await clinic.enrol()
    consent_id = await clinic.sign(participant_id)
    package_id = await prepare(clinic, packaged(clinic, participant_id, consent_id))
    await clinic.administrator.put(f"{INTAKE}/packages/{package_id}/handover", {}, version=1)
    await clinic.administrator.put(f"{INTAKE}/consents/{consent_id}/revocation", {}, version=1)

    late = await clinic.administrator.get(f"{INTAKE}/packages/{package_id}/document")
    officer = await clinic.privacy_officer.get(f"{INTAKE}/packages/{package_id}/document")

    assert (late.status_code, kind_of(late)) == (409, "consent-not-active")
    assert officer.status_code == 200


async def test_the_police_get_five_items_and_no_more(clinic: Any) -> None:
    participant_id = await clinic.enrol(phone="555-0142", birth_date="1990-06-01", address="9 Canary Street")
    await clinic.open(participant_id)
    police = await party(clinic, name="County Police", kind="law_enforcement", covered_entity=False)
    body = packaged(
        clinic,
        participant_id,
        None,
        basis="crime_on_premises",
        purpose="legal_duty",
        view="crime_on_premises",
        categories=["demographics", "contact", "substance_use_disorder"],
        recipient={"party_id": str(police)},
        incident={"circumstances": "A window was broken on purpose", "last_whereabouts": "At the back door"},
    )

    larger = await clinic.administrator.post(f"{INTAKE}/packages", body | {"categories": ["attendance"]})
    package_id = await prepare(clinic, body)
    await clinic.administrator.put(f"{INTAKE}/packages/{package_id}/handover", {}, version=1)
    shown = (await clinic.administrator.get(f"{INTAKE}/packages/{package_id}/document")).json()

    assert (larger.status_code, kind_of(larger)) == (409, "crime-packet-too-large")
    assert shown["fields"] == {
        "incident": "A window was broken on purpose",
        "patient_status": True,
        "name": "Maura Canary-O'Brien",
        "address": "9 Canary Street",
        "last_whereabouts": "At the back door",
    }
    assert shown["to"]["name"] == "County Police"


async def test_a_report_of_child_abuse_is_its_form_and_leaves_the_record_closed(clinic: Any) -> None:
    participant_id = await clinic.enrol(phone="555-0142", address="9 Canary Street")
    hotline = await party(clinic, name=f"State hotline {uuid4()}", kind="child_protection", covered_entity=False)
    body = packaged(
        clinic,
        participant_id,
        None,
        basis="child_abuse_report",
        purpose="legal_duty",
        view="child_abuse_report",
        categories=["demographics"],
        recipient={"party_id": str(hotline)},
        report={"authority": "State hotline", "child": "A child", "suspected": "Left alone at night"},
    )

    whole = await clinic.administrator.post(f"{INTAKE}/packages", body | {"view": "progress_summary"})
    package_id = await prepare(clinic, body)
    await clinic.administrator.put(f"{INTAKE}/packages/{package_id}/handover", {}, version=1)
    shown = (await clinic.administrator.get(f"{INTAKE}/packages/{package_id}/document")).json()

    assert (whole.status_code, kind_of(whole)) == (409, "report-form-only")
    assert set(shown["fields"]) == {"report", "name"}
    (row,) = await ledger(clinic, participant_id)
    assert (row["decision_row"], row["basis"]) == ("D11", "child_abuse_report")


@pytest.mark.parametrize("view", list(View))
def test_a_view_shows_nothing_of_a_category_that_was_not_opened(view: View) -> None:
    for opened in ([], *([one] for one in InformationCategory), list(InformationCategory)):
        for field in shown_fields(view, opened):
            assert field in FIELDS[view]
            assert field in ALWAYS or CATEGORY_OF[field] is None or CATEGORY_OF[field] in opened


async def test_a_package_is_of_a_view(clinic: Any) -> None:
    participant_id = await clinic.enrol()
    body = packaged(clinic, participant_id, await clinic.sign(participant_id), view=None)

    answer = await clinic.administrator.post(f"{INTAKE}/packages", body)

    assert answer.status_code == 422


# What a person can have accounted for


async def test_the_accounting_holds_every_row_that_was_written_and_prints_in_two_languages(clinic: Any) -> None:
    participant_id = await clinic.enrol()
    consent_id = await clinic.sign(participant_id)
    await clinic.administrator.created(f"{INTAKE}/disclosures", clinic.disclosure(participant_id, consent_id))
    package_id = await prepare(clinic, packaged(clinic, participant_id, consent_id))
    await clinic.administrator.put(f"{INTAKE}/packages/{package_id}/handover", {}, version=1)
    await clinic.administrator.created(f"{INTAKE}/disclosures", clinic.disclosure(participant_id, None, **EMERGENCY))
    path = f"{INTAKE}/participants/{participant_id}/accounting"

    with_consent = (await clinic.administrator.get(path, years=3)).json()
    whole = (await clinic.administrator.get(path, years=6)).json()
    printed = await page(clinic.administrator, f"{path}?years=6&language=es")
    listed = (await clinic.administrator.get(f"{INTAKE}/participants/{participant_id}/disclosures", limit=2)).json()

    count = "select count(*) from intake.disclosure where participant_id = :p and made_at >= now() - interval"
    three = await clinic.platform.value(f"{count} '3 years' and basis = 'consent'", p=participant_id)
    six = await clinic.platform.value(f"{count} '6 years'", p=participant_id)
    assert (len(with_consent["entries"]), len(whole["entries"])) == (three, six) == (2, 3)
    assert whole["entries"][0]["recipient"]["address"] == "1 Mercy Way"
    assert whole["entries"][0]["basis"] == "medical_emergency"
    assert 'lang="es"' in printed.text
    assert "Quién recibió información sobre usted" in printed.text
    assert "Una emergencia médica" in printed.text
    assert (len(listed["items"]), listed["next"] is None) == (2, False)


async def test_an_accounting_speaks_of_everything_under_merged_records(clinic: Any) -> None:
    survivor_id, merged_id = await clinic.enrol(), await clinic.enrol()
    consent_id = await clinic.sign(merged_id)
    await clinic.administrator.created(f"{INTAKE}/disclosures", clinic.disclosure(merged_id, consent_id))
    merge = {"survivor_id": str(survivor_id), "merged_id": str(merged_id), "reason": "entered_twice"}
    merged = await clinic.administrator.post(f"{INTAKE}/merges", merge)

    found = (await clinic.administrator.get(f"{INTAKE}/participants/{survivor_id}/accounting")).json()

    assert merged.status_code == 201, merged.text
    assert [one["purpose"] for one in found["entries"]] == ["housing"]


async def test_who_received_records_through_an_intermediary(clinic: Any) -> None:
    participant_id = await clinic.enrol()
    consent_id = await clinic.sign(
        participant_id,
        consent_type="intermediary",
        recipients=[{"name": "County Exchange Canary", "covered_entity": False}],
        intermediary_participants=["Canary Shelter"],
    )
    wish = clinic.disclosure(participant_id, consent_id, recipient={"name": "Canary Shelter"})
    await clinic.administrator.created(f"{INTAKE}/disclosures", wish)

    found = await clinic.administrator.get(f"{INTAKE}/participants/{participant_id}/intermediary-disclosures")

    assert [one["recipient"]["name"] for one in found.json()["entries"]] == ["Canary Shelter"]
    assert found.json()["consent_ids"] == [str(consent_id)]
    assert found.json()["entries"][0]["description"]


# Never without its record, never after the revocation


@pytest.mark.parametrize("table", ["disclosure", "audit_pending"])
async def test_nothing_is_sent_while_it_cannot_be_recorded(clinic: Any, table: str) -> None:
    participant_id = await clinic.enrol()
    consent_id = await clinic.sign(participant_id)
    package_id = await prepare(clinic, packaged(clinic, participant_id, consent_id))
    await owner(clinic, f"revoke insert on intake.{table} from intake_api")

    try:
        told = await clinic.administrator.post(f"{INTAKE}/disclosures", clinic.disclosure(participant_id, consent_id))
        handed = await clinic.administrator.put(f"{INTAKE}/packages/{package_id}/handover", {}, version=1)
        document = await clinic.administrator.get(f"{INTAKE}/packages/{package_id}/document")
    finally:
        await owner(clinic, f"grant insert on intake.{table} to intake_api")

    assert (told.status_code, handed.status_code) == (503, 503)
    assert kind_of(told) == "ledger-not-writable"
    assert document.status_code >= 409
    assert await ledger(clinic, participant_id) == []
    later = await clinic.administrator.put(f"{INTAKE}/packages/{package_id}/handover", {}, version=1)
    assert later.json()["outcome"] == "handed_over"


async def test_a_ledger_that_refuses_the_row_undoes_the_handover(clinic: Any) -> None:
    participant_id = await clinic.enrol()
    package_id = await prepare(clinic, packaged(clinic, participant_id, await clinic.sign(participant_id)))
    await owner(
        clinic,
        "alter table intake.disclosure add constraint ck_disclosure_none "
        f"check (participant_id <> '{participant_id}') not valid",
    )

    try:
        handed = await clinic.administrator.put(f"{INTAKE}/packages/{package_id}/handover", {}, version=1)
    finally:
        await owner(clinic, "alter table intake.disclosure drop constraint ck_disclosure_none")

    assert handed.status_code >= 409
    record = (await clinic.administrator.get(f"{INTAKE}/packages/{package_id}")).json()
    assert (record["state"], record["version"]) == ("prepared", 1)
    assert await ledger(clinic, participant_id) == []
    assert [one["type"].split(".")[2] for one in await clinic.events(package_id)] == ["package-prepared"]


async def owner(clinic: Any, statement: str) -> None:
    """Run a statement as the owner of the schema."""
    async with clinic.platform.admin.begin() as connection:
        await connection.execute(text(statement))


PAIRS, PEOPLE, WAVE = 240, 12, 12


async def test_no_disclosure_of_hundreds_is_made_after_its_consent_was_revoked(clinic: Any) -> None:
    people = [await clinic.enrol() for _ in range(PEOPLE)]
    whose = {one: person for person in people for one in await many_consents(clinic, person)}
    consents = list(whose)
    packaged_ones = consents[::10]
    prepared = [lambda one=one: prepare(clinic, packaged(clinic, whose[one], one)) for one in packaged_ones]
    packages = dict(zip(packaged_ones, await in_waves(prepared), strict=True))

    async def send(consent_id: UUID) -> int:
        if package_id := packages.get(consent_id):
            path = f"{INTAKE}/packages/{package_id}/handover"
            return int((await clinic.administrator.put(path, {}, version=1)).status_code)
        body = clinic.disclosure(whose[consent_id], consent_id)
        return int((await clinic.administrator.post(f"{INTAKE}/disclosures", body)).status_code)

    async def revoke(consent_id: UUID) -> int:
        path = f"{INTAKE}/consents/{consent_id}/revocation"
        return int((await clinic.supervisor.put(path, {}, version=1)).status_code)

    raced = []
    for place, one in enumerate(consents):
        pair = [lambda one=one: send(one), lambda one=one: revoke(one)]
        raced += pair if place % 2 else pair[::-1]
    answers = await in_waves(raced)

    assert set(answers) <= {200, 201, 409}
    made = await clinic.platform.fetch(
        "select d.made_at < c.revoked_at as before, d.path from intake.disclosure d "
        "join intake.consent c on c.id = d.consent_id where d.participant_id = any(:p)",
        p=people,
    )
    revoked = await clinic.platform.value(
        "select count(*) from intake.consent where participant_id = any(:p) and revoked_at is not null", p=people
    )
    assert revoked == PAIRS
    assert all(row["before"] for row in made)
    assert answers.count(201) == len([row for row in made if row["path"] == "recorded"])
    assert {row["path"] for row in made} <= {"recorded", "package"}
    closed = await clinic.platform.value(
        "select count(*) from intake.package where participant_id = any(:p) and state = 'prepared'", p=people
    )
    assert closed == 0


async def many_consents(clinic: Any, participant_id: UUID) -> list[UUID]:
    """Sign one consent and copy its rows: what is sealed in them is the person's, not the row's."""
    first = await clinic.sign(participant_id)
    ids = [uuid4() for _ in range(PAIRS // PEOPLE - 1)]
    for table, key in (("consent", "id"), ("consent_recipient", "consent_id")):
        names = await clinic.platform.fetch(
            "select column_name from information_schema.columns where table_schema = 'intake' and table_name = :t "
            "order by ordinal_position",
            t=table,
        )
        kept = [row["column_name"] for row in names]
        taken = ["new_id" if name == key else "gen_random_uuid()" if name == "id" else name for name in kept]
        copies = ", ".join(f"('{one}'::uuid)" for one in ids)
        await owner(
            clinic,
            f"insert into intake.{table} ({', '.join(kept)}) select {', '.join(taken)} "
            f"from intake.{table}, (values {copies}) as copies(new_id) where {key} = '{first}'",
        )
    return [first, *ids]


async def in_waves(work: list[Any]) -> list[Any]:
    """Do everything, so much at a time as the pool of the service bears."""
    done: list[Any] = []
    for start in range(0, len(work), WAVE):
        done += await asyncio.gather(*(one() for one in work[start : start + WAVE]))
    return done
