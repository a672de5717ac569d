"""To whom packages go, in whose name and with what beside them: the person, registered parties, our own names."""

import hashlib
from typing import Any
from uuid import UUID, uuid4

import pytest

from handrail.testing import open_agency

INTAKE = "/api/intake/v1"
HOUSING = "Canary County Housing"
OWN_COPY = {
    "recipient": {"kind": "person", "identity_proof": "photo_document"},
    "purpose": "at_request_of_patient",
    "categories": ["demographics", "attendance"],
    "view": "own_copy",
    "channel": "mail",
}
EMERGENCY: dict[str, Any] = {
    "basis": "medical_emergency",
    "purpose": "emergency_care",
    "categories": ["substance_use_disorder"],
    "emergency": {
        "personnel": "Dr. Okafor",
        "role": "physician",
        "facility": "Some Clinic",
        "nature": "Overdose in the yard",
        "justification": "Not responsive",
    },
}
REPORT = {
    "basis": "child_abuse_report",
    "purpose": "legal_duty",
    "view": "child_abuse_report",
    "categories": ["demographics"],
    "channel": "mail",
    "report": {"authority": "State hotline", "child": "A child", "suspected": "Left alone at night"},
}


def wish(participant_id: UUID, consent_id: UUID | None = None, **asked: object) -> dict[str, Any]:
    """Return a package of when somebody came, to the one recipient of the clinic's consents."""
    on_consent = {"basis": "consent", "consent_id": str(consent_id)} if consent_id else {}
    body: dict[str, Any] = {
        "participant_id": str(participant_id),
        "recipient": {"name": HOUSING},
        "purpose": "housing",
        "categories": ["attendance"],
        "view": "attendance_only",
        "channel": "mail",
    }
    return body | on_consent | asked


async def party(clinic: Any, name: str, kind: str = "hospital") -> UUID:
    body = {"name": name, "kind": kind, "medical_personnel": kind == "hospital"}
    return UUID(str(await clinic.administrator.created(f"{INTAKE}/parties", body)))


async def refused(caller: Any, body: dict[str, Any], path: str = "packages") -> tuple[int, list[str]]:
    answer = await caller.post(f"{INTAKE}/{path}", body)
    return answer.status_code, [one["code"] for one in answer.json().get("errors", [])]


async def prepared(caller: Any, body: dict[str, Any]) -> UUID:
    return UUID(str(await caller.created(f"{INTAKE}/packages", body)))


async def handed_over(caller: Any, package_id: UUID) -> tuple[dict[str, Any], dict[str, Any]]:
    """Hand a package over; return the answer and the document."""
    answer = await caller.put(f"{INTAKE}/packages/{package_id}/handover", {}, version=1)
    return answer.json(), (await caller.get(f"{INTAKE}/packages/{package_id}/document")).json()


async def lines(clinic: Any, participant_id: UUID) -> list[Any]:
    found: list[Any] = await clinic.platform.fetch(
        "select * from intake.disclosure where participant_id = :p order by id", p=participant_id
    )
    return found


async def state_of(caller: Any, package_id: UUID) -> tuple[str, str | None]:
    found = (await caller.get(f"{INTAKE}/packages/{package_id}")).json()
    return found["state"], found["end_reason"]


# The person's own copy


async def test_an_own_copy_goes_to_the_person_on_record_and_leaves_one_line(clinic: Any) -> None:
    participant_id = await clinic.enrol(address="9 Canary Street")
    package_id = await prepared(clinic.administrator, wish(participant_id, **OWN_COPY))

    answer, document = await handed_over(clinic.administrator, package_id)

    (line,) = await lines(clinic, participant_id)
    assert (answer["row"], answer["disclosure_id"]) == ("D2", str(line["id"]))
    assert (line["basis"], line["decision_row"], line["package_id"]) == ("access_by_person", "D2", package_id)
    assert (line["consent_id"], line["notice_statement"], line["path"]) == (None, None, "package")
    assert document["to"] == {"name": "Maura Canary-O'Brien", "address": "9 Canary Street"}
    assert b"anary" not in bytes(line["details"])


async def test_the_line_of_an_own_copy_is_no_disclosure_to_count_to_account_for_or_to_review(clinic: Any) -> None:
    participant_id = await clinic.enrol()
    answer, _ = await handed_over(
        clinic.administrator, await prepared(clinic.administrator, wish(participant_id, **OWN_COPY))
    )
    person = f"{INTAKE}/participants/{participant_id}"

    accounting = (await clinic.administrator.get(f"{person}/accounting", years=6)).json()
    listed = (await clinic.administrator.get(f"{person}/disclosures")).json()["items"]
    waiting = (await clinic.privacy_officer.get(f"{INTAKE}/disclosures", reviewable="true", limit=100)).json()["items"]
    reviews = f"{INTAKE}/disclosures/{answer['disclosure_id']}/reviews"
    review = await clinic.privacy_officer.post(reviews, {"outcome": "justified"})

    assert accounting["entries"] == []
    assert [(one["basis"], one["recipient"]["name"]) for one in listed] == [
        ("access_by_person", "Maura Canary-O'Brien")
    ]
    assert answer["disclosure_id"] not in [one["id"] for one in waiting]
    assert (review.status_code, review.json()["type"]) == (409, "/problems/no-review-needed")
    assert await clinic.events(UUID(answer["disclosure_id"])) == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"recipient": {"kind": "person", "identity_proof": "x"}}, "identity-not-proofed"),
        (
            {"recipient": {"kind": "person", "identity_proof": "own_code", "name": "Daily News"}},
            "own-copy-other-recipient",
        ),
        (
            {"recipient": {"kind": "person", "identity_proof": "own_code", "address": "Newsroom"}},
            "own-copy-other-recipient",
        ),
        ({"basis": "medical_emergency"}, "own-copy-needs-no-basis"),
        ({"view": "court_ordered"}, "own-copy-view-only"),
        ({"channel": None}, "channel-missing"),
    ],
)
async def test_an_own_copy_is_for_nobody_else(clinic: Any, changes: dict[str, Any], expected: str) -> None:
    participant_id = await clinic.enrol()
    before = await clinic.rows()

    answer = await refused(clinic.administrator, wish(participant_id, **OWN_COPY | changes))

    assert answer == (409, [expected])
    assert await clinic.rows() == before


# Whom a name means


@pytest.mark.parametrize("written", ["Mercy {0}", "MERCY-{0}", "mércy,  {0}.", "Mercy{0}"])
async def test_a_restriction_on_a_party_holds_for_its_name_however_it_is_written(clinic: Any, written: str) -> None:
    participant_id, mark = await clinic.enrol(), uuid4().hex
    name = f"Mercy {mark}"
    party_id = await party(clinic, name)
    typed = written.format(mark)
    consent_id = await clinic.sign(participant_id, recipients=[{"name": typed, "covered_entity": False}])
    body = wish(participant_id, consent_id, recipient={"name": typed})

    registered = await refused(clinic.administrator, body)
    asked = {"words": "Not to Mercy", "party_id": str(party_id)}
    restriction_id = await clinic.administrator.created(f"{INTAKE}/participants/{participant_id}/restrictions", asked)
    await clinic.administrator.put(
        f"{INTAKE}/restrictions/{restriction_id}/decision", {"decision": "agreed"}, version=1
    )
    restricted = await refused(clinic.administrator, body)
    twin = await party(clinic, typed)
    by_twin = await refused(clinic.administrator, body | {"recipient": {"party_id": str(twin)}})

    assert registered == (409, ["recipient-is-registered"])
    assert restricted == by_twin == (409, ["restricted"])
    assert await lines(clinic, participant_id) == []


async def test_a_registered_party_is_chosen_and_then_it_may_receive(clinic: Any) -> None:
    participant_id, name = await clinic.enrol(), f"Harbor {uuid4()}"
    consent_id = await clinic.sign(participant_id, recipients=[{"name": name, "covered_entity": False}])
    party_id = await party(clinic, name)

    by_name = await refused(clinic.administrator, wish(participant_id, consent_id, recipient={"name": name.upper()}))
    chosen = await prepared(
        clinic.administrator, wish(participant_id, consent_id, recipient={"party_id": str(party_id)})
    )

    assert by_name == (409, ["recipient-is-registered"])
    assert (await handed_over(clinic.administrator, chosen))[0]["outcome"] == "handed_over"


async def test_what_another_agency_registered_says_nothing_here(clinic: Any, stranger: Any) -> None:
    participant_id, name = await clinic.enrol(), f"Shelter {uuid4()}"
    consent_id = await clinic.sign(participant_id, recipients=[{"name": name, "covered_entity": False}])
    await stranger.created(f"{INTAKE}/parties", {"name": name, "kind": "housing"})

    answer = await clinic.administrator.post(
        f"{INTAKE}/packages", wish(participant_id, consent_id, recipient={"name": name})
    )

    assert answer.status_code == 201


@pytest.mark.parametrize("where", ["recipient", "facility", "personnel"])
@pytest.mark.parametrize("kind", ["law_enforcement", "employer"])
async def test_an_emergency_is_not_told_to_a_registered_party_that_treats_nobody(
    clinic: Any, where: str, kind: str
) -> None:
    participant_id, name = await clinic.enrol(), f"City P.D. {uuid4()}"
    await party(clinic, name, kind)
    typed = name.replace(".", "").lower()
    told = EMERGENCY["emergency"] | ({} if where == "recipient" else {where: typed})
    to = {"name": typed if where == "recipient" else "Night Clinic"}
    body = EMERGENCY | {"participant_id": str(participant_id), "recipient": to, "emergency": told}

    answer = await refused(clinic.administrator, body, "disclosures")

    assert answer == (409, ["emergency-not-medical"])


async def test_an_emergency_is_told_to_a_hospital_by_its_name(clinic: Any) -> None:
    participant_id, name = await clinic.enrol(), f"General {uuid4()}"
    await party(clinic, name)
    body = EMERGENCY | {"participant_id": str(participant_id), "recipient": {"name": name}}

    answer = await clinic.administrator.post(f"{INTAKE}/disclosures", body)

    assert answer.status_code == 201, answer.text


async def test_a_report_of_child_abuse_goes_to_a_registered_authority_only(clinic: Any) -> None:
    participant_id = await clinic.enrol()
    school = await party(clinic, f"Maple School {uuid4()}", "employer")
    authority = await party(clinic, f"State Hotline {uuid4()}", "child_protection")

    free = await refused(clinic.administrator, wish(participant_id, **REPORT, recipient={"name": "Maple School"}))
    other = await refused(clinic.administrator, wish(participant_id, **REPORT, recipient={"party_id": str(school)}))
    right = await clinic.administrator.post(
        f"{INTAKE}/packages", wish(participant_id, **REPORT, recipient={"party_id": str(authority)})
    )

    assert free == other == (409, ["report-other-recipient"])
    assert right.status_code == 201, right.text


# In whose name


async def test_a_consent_that_lets_somebody_else_disclose_lets_this_agency_disclose_nothing(
    clinic: Any, platform: Any, http: Any
) -> None:
    other = await open_agency(http, platform)
    await platform.eventually("select count(*) from intake.agency where id = :a", 1, a=other.agency_id)
    participant_id = UUID(str(await other.created(f"{INTAKE}/participants", {"name": "Ana Canary"})))
    named = ["Totally Different Hospital", "RIVERBEND  Recovery, Inc."]
    both = await other.created(
        f"{INTAKE}/consents", clinic.consent(participant_id, named="Ana Canary", disclosers=named)
    )
    wrong = await other.created(
        f"{INTAKE}/consents", clinic.consent(participant_id, named="Ana Canary", disclosers=named[:1])
    )
    unnamed = (await other.post(f"{INTAKE}/disclosure-previews", wish(participant_id, wrong))).json()
    waiting = await prepared(other, wish(participant_id, wrong))

    version = (await other.get(f"{INTAKE}/privacy/status")).json()["version"]
    await other.put(f"{INTAKE}/privacy/names", {"names": ["Riverbend Recovery Inc"]}, version=version)
    status = (await other.get(f"{INTAKE}/privacy/status")).json()
    preview = (await other.post(f"{INTAKE}/disclosure-previews", wish(participant_id, wrong))).json()
    answer = await refused(other, wish(participant_id, wrong))
    closed = (await other.put(f"{INTAKE}/packages/{waiting}/handover", {}, version=1)).json()
    _, document = await handed_over(other, await prepared(other, wish(participant_id, both)))

    assert (unnamed["allowed"], unnamed["discloser_compared"]) == (True, False)
    assert status["names"] == ["Riverbend Recovery Inc"]
    assert (preview["allowed"], preview["discloser_compared"]) == (False, True)
    assert answer == (409, ["discloser-not-this-agency"])
    assert (closed["outcome"], closed["disclosure_id"]) == ("cancelled", None)
    assert document["from"] == ["RIVERBEND  Recovery, Inc."]


async def test_only_who_decides_on_privacy_says_what_the_agency_is_called(clinic: Any) -> None:
    path = f"{INTAKE}/privacy/names"

    answers = [await one.put(path, {"names": ["X"]}, version=0) for one in (clinic.peer, clinic.supervisor)]
    stale = await clinic.administrator.put(path, {"names": ["X"]}, version=99)

    assert [one.status_code for one in answers] == [403, 403]
    assert stale.status_code == 412


# With what beside it


async def test_the_statement_and_the_copy_of_the_consent_are_as_they_were_asked_for(clinic: Any) -> None:
    participant_id = await clinic.enrol()
    consent_id = await clinic.sign(participant_id)
    asked = {"channel": "fax", "notice_statement": "notice-long-2024", "scope_attached": "consent_copy"}
    body = wish(participant_id, consent_id, **asked)

    preview = (await clinic.administrator.post(f"{INTAKE}/disclosure-previews", body)).json()
    _, document = await handed_over(clinic.administrator, await prepared(clinic.administrator, body))
    signed = (await clinic.administrator.get(f"{INTAKE}/consents/{consent_id}/words")).json()

    (line,) = await lines(clinic, participant_id)
    assert (line["notice_statement"], line["scope_attached"]) == ("notice-long-2024", "consent_copy")
    assert (document["notice"]["code"], preview["scope"]) == ("notice-long-2024", document["scope"])
    assert document["scope"]["words"].startswith(signed["words"].rstrip())
    assert "Signed by Maura Canary-O'Brien on January 5, 2026" in document["scope"]["words"]
    assert document["scope"]["sha256"] == hashlib.sha256(document["scope"]["words"].encode()).hexdigest()


@pytest.mark.parametrize(
    ("channel", "expected"),
    [("mail", "long"), ("secure_email", "long"), ("fax", "short"), ("phone", "short")],
)
async def test_documents_carry_the_long_statement_and_a_line_or_a_call_the_short_one(
    clinic: Any, channel: str, expected: str
) -> None:
    participant_id = await clinic.enrol()
    body = wish(participant_id, await clinic.sign(participant_id), channel=channel)

    preview = (await clinic.administrator.post(f"{INTAKE}/disclosure-previews", body)).json()

    assert preview["notice"]["code"] == f"notice-{expected}-2024"


@pytest.mark.parametrize("path", ["packages", "disclosures"])
@pytest.mark.parametrize("code", ["banana", "right-to-revoke-2026-11"])
async def test_a_statement_that_does_not_exist_goes_with_nothing(clinic: Any, path: str, code: str) -> None:
    participant_id = await clinic.enrol()
    consent_id = await clinic.sign(participant_id)
    before = await clinic.rows()
    body = wish(participant_id, consent_id, notice_statement=code, scope_attached="explanation")

    answer = await refused(clinic.administrator, body, path)

    assert answer == (409, ["notice-statement-unknown"])
    assert await clinic.rows() == before


# What a recipient who was taken out still waits for


@pytest.mark.parametrize(
    ("move", "body", "reason"),
    [
        ("recipients/0/revocation", {}, "recipient-revoked"),
        ("suspension", {"reason": "doubt", "recipient_place": 0}, "recipient-suspended"),
    ],
)
async def test_what_waits_for_a_recipient_is_cancelled_with_them_and_nothing_else(
    clinic: Any, move: str, body: dict[str, Any], reason: str
) -> None:
    participant_id = await clinic.enrol()
    both = [{"name": name, "covered_entity": False} for name in (HOUSING, "Harbor House")]
    consent_id = await clinic.sign(participant_id, recipients=both)
    stopped = await prepared(clinic.administrator, wish(participant_id, consent_id))
    going = await prepared(clinic.administrator, wish(participant_id, consent_id, recipient={"name": "Harbor House"}))

    answer = await clinic.administrator.put(f"{INTAKE}/consents/{consent_id}/{move}", body, version=1)

    assert answer.status_code == 200, answer.text
    assert await state_of(clinic.administrator, stopped) == ("cancelled", reason)
    assert await state_of(clinic.administrator, going) == ("prepared", None)
    events = await clinic.events(stopped)
    assert [one["type"].split(".")[2] for one in events] == ["package-prepared", "package-closed"]


# One call


async def test_one_call_takes_only_statements_that_exist(clinic: Any) -> None:
    participant_id = await clinic.enrol()
    before = await clinic.rows()
    body = clinic.consent(participant_id, right_to_revoke_statement="whatever")

    answer = await clinic.administrator.post(f"{INTAKE}/consents", body)

    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/consent-statement-unknown")
    assert [one["pointer"] for one in answer.json()["errors"]] == ["/right_to_revoke_statement"]
    assert await clinic.rows() == before
