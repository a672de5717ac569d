"""FHIR R4 referrals: what is taken from real and made-up documents, and how broken ones are answered."""

import asyncio
import copy
import gzip
import importlib.resources
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.contracts.codes import Sex
from intake.rules.fhir import FhirReferral, referral_in
from intake.rules.fhir_reading import FhirRefused

INTAKE = "/api/intake/v1"
DATA = importlib.resources.files("handrail.demo") / "data" / "fhir"
TODAY = date(2026, 11, 20)
NAMES = ("barrett-goldner", "frances-mann", "gilberto-orosco", "murray-hane", "quintin-parker", "trenton-turner")


def bundle(name: str) -> bytes:
    return gzip.decompress((DATA / f"bundle-{name}.json.gz").read_bytes())


PATIENT: dict[str, Any] = {
    "resourceType": "Patient",
    "id": "p1",
    "name": [{"use": "official", "family": "Canary-O'Brien", "given": ["Maura", "Ann"]}],
    "birthDate": "1990-05-17",
    "gender": "female",
}
REQUEST: dict[str, Any] = {
    "resourceType": "ServiceRequest",
    "id": "r1",
    "status": "active",
    "intent": "order",
    "subject": {"reference": "Patient/p1"},
}


def patient(**fields: object) -> dict[str, Any]:
    return copy.deepcopy(PATIENT) | fields


def request(**fields: object) -> dict[str, Any]:
    return copy.deepcopy(REQUEST) | fields


def bundled(*resources: dict[str, Any], **fields: object) -> dict[str, Any]:
    entries = [
        {"fullUrl": f"https://ehr.test/{one['resourceType']}/{one.get('id')}", "resource": one} for one in resources
    ]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries} | fields


def read(*resources: dict[str, Any]) -> FhirReferral:
    return referral_in(json.dumps(bundled(*resources)).encode(), TODAY)


def refused(content: bytes | dict[str, Any]) -> FhirRefused:
    whole = content if isinstance(content, bytes) else json.dumps(content).encode()
    with pytest.raises(FhirRefused) as caught:
        referral_in(whole, TODAY)
    return caught.value


# Read by hand from the bundles.
BY_HAND = [
    (
        *("barrett-goldner", "Barrett Goldner", date(1992, 3, 8), "555-923-7407"),
        *("207 Wisoky Camp, Tyngsborough, Massachusetts, US", "en-US", "private", "Drug overdose"),
        "LOWELL GENERAL HOSPITAL",
    ),
    (
        *("gilberto-orosco", "Gilberto Orosco", date(1936, 8, 18), "555-531-8974"),
        *("404 Mills View Unit 64, Boston, Massachusetts 02108, US", "es", "private", "Opioid abuse (disorder)"),
        "TUFTS MEDICAL CENTER",
    ),
    (
        *("murray-hane", "Murray Hane", date(1920, 4, 23), "555-577-8379"),
        *("692 Abbott Dam, Chicopee, Massachusetts 01013, US", "en-US", "medicare", "Alcoholism"),
        "BAYSTATE MEDICAL CENTER",
    ),
    (
        *("quintin-parker", "Quintin Parker", date(1971, 2, 26), "555-640-4610"),
        *("862 Murphy Branch Suite 15, Lowell, Massachusetts 01850, US", "en-US", "private", "Drug overdose"),
        "LOWELL GENERAL HOSPITAL",
    ),
]


@pytest.mark.parametrize("expected", BY_HAND, ids=[row[0] for row in BY_HAND])
def test_the_real_bundles_say_what_a_reader_finds_in_them(expected: tuple[Any, ...]) -> None:
    name, called, born, phone, address, language, payer, reason, source = expected

    found = referral_in(bundle(name), TODAY)

    assert (found.person.name, found.person.birth_date, found.person.sex) == (called, born, Sex.MALE)
    assert (found.person.phone, found.person.address, found.person.language) == (phone, address, language)
    assert [one.payer for one in found.coverage] == [payer]
    assert [one.text for one in found.reasons] == [reason]
    assert found.source.organization == source


def test_the_clinical_rest_is_left_out_and_counted() -> None:
    found = referral_in(bundle("trenton-turner"), TODAY)

    assert (found.left_out["Observation"], found.left_out["Condition"]) == (52, 1)
    assert "Patient" not in found.left_out
    assert found.places["/person/birth_date"] == "Bundle.entry[0].resource.birthDate"
    assert list(found.remarks) == ["coverage-from-bills", "reason-from-conditions", "source-inferred"]


def test_who_has_died_is_remarked() -> None:
    assert "patient-deceased" in referral_in(bundle("frances-mann"), TODAY).remarks
    assert "patient-deceased" in read(patient(deceasedBoolean=True)).remarks
    assert "patient-deceased" not in read(patient(deceasedBoolean=False)).remarks


@pytest.mark.parametrize(
    ("names", "name", "alias"),
    [
        ([{"family": "Paz", "given": ["Ana", "Luz"]}], "Ana Luz Paz", None),
        ([{"text": "山田 太郎", "family": "山田", "given": ["太郎"]}], "山田 太郎", None),
        ([{"text": "Mrs. Ana Paz", "family": "Paz", "given": ["Ana"], "prefix": ["Mrs."]}], "Ana Paz", None),
        ([{"text": "Ana Paz"}], "Ana Paz", None),
        ([{"use": "usual", "text": "B"}, {"use": "official", "text": "A"}], "A", None),
        ([{"use": "official", "text": "A", "period": {"end": "2020"}}, {"use": "usual", "text": "B"}], "B", None),
        ([{"use": "official", "text": "A", "period": {"end": "2026-11"}}, {"use": "usual", "text": "B"}], "A", None),
        ([{"use": "maiden", "text": "M"}, {"text": "A"}], "A", None),
        ([{"use": "nickname", "text": "Nita"}, {"text": "Ana Paz"}], "Ana Paz", "Nita"),
        ([{"use": "anonymous", "text": "Blue"}], None, "Blue"),
        ([{"given": [""]}, {"text": "Ana Paz"}], "Ana Paz", None),
    ],
)
def test_which_name_is_taken(names: list[dict[str, Any]], name: str | None, alias: str | None) -> None:
    person = read(patient(name=names)).person

    assert (person.name, person.alias) == (name, alias)


@pytest.mark.parametrize("said", ["1990", "1990-05"])
def test_a_birth_date_that_is_not_whole_is_left_out_and_said(said: str) -> None:
    found = read(patient(birthDate=said))

    assert (found.person.birth_date, "birth-date-incomplete" in found.remarks) == (None, True)


@pytest.mark.parametrize(
    ("telecom", "phone", "email"),
    [
        ([{"system": "phone", "value": "1"}, {"system": "phone", "value": "2", "use": "mobile"}], "2", None),
        ([{"system": "phone", "value": "1", "rank": 2}, {"system": "phone", "value": "2", "rank": 1}], "2", None),
        ([{"system": "phone", "value": "1", "use": "old"}, {"system": "fax", "value": "2"}], None, None),
        ([{"system": "email", "value": "none"}, {"system": "email", "value": "a@b.test"}], None, "a@b.test"),
        ([{"system": "sms", "value": "3"}], "3", None),
        ([{"value": "4"}], None, None),
    ],
)
def test_which_phone_and_email_are_taken(telecom: list[Any], phone: str | None, email: str | None) -> None:
    person = read(patient(telecom=telecom)).person

    assert (person.phone, person.email) == (phone, email)


def test_the_preferred_language_and_the_contacts() -> None:
    coding = {"coding": [{"system": "urn:ietf:bcp:47", "code": "en"}]}
    spoken = [{"language": coding}, {"language": {"coding": [{"code": "es-MX"}]}, "preferred": True}]
    contact = {
        "relationship": [{"coding": [{"code": "N", "display": "Next-of-Kin"}]}],
        "name": {"family": "Paz", "given": ["Luz"]},
        "telecom": [{"system": "phone", "value": "555-0100"}],
    }

    found = read(patient(communication=spoken, contact=[contact, {"telecom": []}]))

    assert found.person.language == "es-MX"
    assert [(one.name, one.relation, one.phone) for one in found.contacts] == [("Luz Paz", "Next-of-Kin", "555-0100")]
    assert "contact-left-out" in found.remarks


def test_a_request_gives_reason_source_day_and_id() -> None:
    organization = {
        "resourceType": "Organization",
        "id": "o1",
        "name": "St. Mary",
        "telecom": [{"system": "phone", "value": "9"}],
    }
    practitioner = {"resourceType": "Practitioner", "id": "d1", "name": [{"family": "Okafor", "given": ["Ada"]}]}
    role = {
        "resourceType": "PractitionerRole",
        "id": "x1",
        "organization": {"reference": "Organization/o1"},
        "practitioner": {"reference": "https://ehr.test/Practitioner/d1"},
    }
    asked = request(
        requester={"reference": "PractitionerRole/x1"},
        authoredOn="2026-11-02T23:30:00-05:00",
        priority="urgent",
        identifier=[{"system": "https://ehr.test/orders", "value": "77"}],
        reasonCode=[{"text": "Wants a peer"}, {"coding": [{"system": "s", "code": "c", "display": "Alcohol use"}]}],
    )
    condition = {"resourceType": "Condition", "code": {"text": "Opioid abuse"}, "subject": {"reference": "Patient/p1"}}

    found = read(patient(), asked, organization, practitioner, role, condition)

    assert (found.source.organization, found.source.person, found.source.phone) == ("St. Mary", "Ada Okafor", "9")
    assert [(one.code, one.text) for one in found.reasons] == [(None, "Wants a peer"), ("c", "Alcohol use")]
    assert found.referred_on == date(2026, 11, 2)
    assert found.external_id is not None
    assert found.external_id == read(patient(), asked).external_id
    assert list(found.remarks) == ["priority-urgent"]
    assert found.left_out == {"Condition": 1}


def test_a_reason_told_at_length_is_kept_whole() -> None:
    story = "She asks for somebody who has been there. " * 20

    found = read(patient(), request(reasonCode=[{"text": story}]))

    assert (found.reason, list(found.reasons)) == (story, [])


@pytest.mark.parametrize(
    ("text", "codes", "taken"),
    [
        ("Alcohol use disorder", [], True),
        ("Opioid dependence", [], True),
        ("Something", ["F11.20"], True),
        ("Tobacco", ["F17.210"], False),
        ("Allergy to opioid", [], False),
        ("Hypertension", ["I10"], False),
    ],
)
def test_only_active_conditions_about_substances_are_a_reason(text: str, codes: list[str], taken: bool) -> None:
    condition = {
        "resourceType": "Condition",
        "clinicalStatus": {"coding": [{"code": "active"}]},
        "code": {"text": text, "coding": [{"code": code} for code in codes]},
        "subject": {"reference": "Patient/p1"},
    }
    resolved = condition | {"clinicalStatus": {"coding": [{"code": "resolved"}]}}

    assert [one.text for one in read(patient(), condition).reasons] == ([text] if taken else [])
    assert read(patient(), resolved).reasons == []


def test_coverage_resources_come_before_bills() -> None:
    payer = {"resourceType": "Organization", "id": "o1", "name": "Medicaid of Illinois"}
    coverage = {
        "resourceType": "Coverage",
        "status": "active",
        "type": {"text": "medicaid"},
        "subscriberId": "M-1",
        "beneficiary": {"reference": "Patient/p1"},
        "payor": [{"reference": "Organization/o1"}],
    }
    bill = {
        "resourceType": "Claim",
        "patient": {"reference": "Patient/p1"},
        "insurance": [{"coverage": {"display": "x"}}],
    }
    other = coverage | {"beneficiary": {"reference": "Patient/p2"}}

    found = read(patient(), payer, coverage, bill, other | {"status": "cancelled"})

    assert [(one.payer, one.member_id, one.kind) for one in found.coverage] == [
        ("Medicaid of Illinois", "M-1", "medicaid")
    ]
    assert "coverage-from-bills" not in found.remarks


def test_a_lone_request_with_what_it_contains() -> None:
    asked = request(subject={"reference": "#p1"}, contained=[patient()], requester={"display": "City Court"})

    found = referral_in(json.dumps(asked).encode(), TODAY)

    assert (found.person.name, found.source.organization) == ("Maura Ann Canary-O'Brien", "City Court")
    assert found.places["/person/birth_date"] == "ServiceRequest.contained[0].birthDate"


def test_a_lone_patient() -> None:
    found = referral_in(json.dumps(patient()).encode(), TODAY)

    assert found.places["/person/name"] == "Patient.name[0]"
    assert "source-not-named" in found.remarks


@pytest.mark.parametrize(
    "reference", ["Patient/p1", "urn:uuid:p1", "https://ehr.test/Patient/p1", "Patient/p1/_history/2"]
)
def test_the_request_picks_one_of_two_patients(reference: str) -> None:
    other = patient(id="p2", name=[{"text": "Somebody Else"}])

    found = read(other, patient(), request(subject={"reference": reference}))

    assert found.person.name == "Maura Ann Canary-O'Brien"
    assert found.left_out == {"Patient": 1, "ServiceRequest": 1}


def test_two_patients_are_both_named() -> None:
    broken = refused(bundled(patient(), patient(id="p2")))

    assert (broken.code, broken.issue) == ("two-patients", "multiple-matches")
    assert broken.expressions == ("Bundle.entry[0].resource", "Bundle.entry[1].resource")


BROKEN: list[tuple[Any, str, str]] = [
    (b"", "malformed-json", "Resource"),
    (b"{", "malformed-json", "Resource"),
    (b'{"a": NaN}', "malformed-json", "Resource"),
    (b'{"a": ' + b"9" * 5000 + b"}", "malformed-json", "Resource"),
    (b"\xff\xfe{}", "malformed-json", "Resource"),
    (b"[" * 100_000, "too-deep", "Resource"),
    (b'{"resourceType": "Patient", "name": [{"text": "a", "text": "b"}]}', "field-twice", "Patient.name[0].text"),
    (b"[]", "bad-element", "Resource"),
    (b"{}", "bad-element", "Resource.resourceType"),
    ({"resourceType": "Observation"}, "not-a-bundle", "Observation.resourceType"),
    ({"resourceType": "Bundle"}, "bad-element", "Bundle.type"),
    ({"resourceType": "Bundle", "type": "history", "entry": []}, "bad-element", "Bundle.type"),
    ({"resourceType": "Bundle", "type": "batch"}, "bad-element", "Bundle.entry"),
    ({"resourceType": "Bundle", "type": "batch", "entry": {}}, "bad-element", "Bundle.entry"),
    ({"resourceType": "Bundle", "type": "batch", "entry": [3]}, "bad-element", "Bundle.entry[0]"),
    (bundled(), "no-patient", "Bundle"),
    (bundled({"resourceType": "Observation"}), "no-patient", "Bundle"),
    (bundled(patient(name=[])), "no-name", "Bundle.entry[0].resource.name"),
    (bundled(patient(name=[{"given": [" "]}])), "no-name", "Bundle.entry[0].resource.name[0]"),
    (bundled(patient(name="Ana")), "bad-element", "Bundle.entry[0].resource.name"),
    (bundled(patient(name=[{"text": 7}])), "bad-element", "Bundle.entry[0].resource.name[0].text"),
    (bundled(patient(name=[{"text": "x" * 201}])), "bad-element", "Bundle.entry[0].resource.name[0].text"),
    (bundled(patient(name=[{"text": "a\u202eb"}])), "bad-element", "Bundle.entry[0].resource.name[0].text"),
    (bundled(patient(name=[{"family": ["Paz"]}])), "not-r4", "Bundle.entry[0].resource.name[0].family"),
    (bundled(patient(birthDate="1990-02-30")), "bad-element", "Bundle.entry[0].resource.birthDate"),
    (bundled(patient(birthDate=1990)), "bad-element", "Bundle.entry[0].resource.birthDate"),
    (bundled(patient(birthDate="1890-01-01")), "birth-date-out-of-range", "Bundle.entry[0].resource.birthDate"),
    (bundled(patient(birthDate="2999-01-01")), "birth-date-out-of-range", "Bundle.entry[0].resource.birthDate"),
    (bundled(patient(gender="F")), "bad-element", "Bundle.entry[0].resource.gender"),
    (bundled(patient(telecom={})), "bad-element", "Bundle.entry[0].resource.telecom"),
    (
        bundled(patient(telecom=[{"system": "phone", "value": "1", "rank": "1"}])),
        "bad-element",
        "Bundle.entry[0].resource.telecom[0].rank",
    ),
    (bundled(patient(deceasedBoolean="yes")), "bad-element", "Bundle.entry[0].resource.deceasedBoolean"),
    (bundled(patient(contact=[{"name": []}])), "bad-element", "Bundle.entry[0].resource.contact[0].name"),
    (bundled(patient(), request(status="revoked")), "referral-withdrawn", "Bundle.entry[1].resource.status"),
    (bundled(patient(), request(authoredOn="soon")), "bad-element", "Bundle.entry[1].resource.authoredOn"),
    (
        bundled(patient(), request(authoredOn="2999-01-01T00:00:00Z")),
        "referred-on-out-of-range",
        "Bundle.entry[1].resource.authoredOn",
    ),
    (bundled(patient(), request(reason=[{"concept": {}}])), "not-r4", "Bundle.entry[1].resource.reason"),
    (bundled(patient(), {"resourceType": "ReferralRequest"}), "not-r4", "Bundle.entry[1].resource.resourceType"),
    (
        bundled(patient(), {"resourceType": "Condition", "clinicalStatus": "active"}),
        "not-r4",
        "Bundle.entry[1].resource.clinicalStatus",
    ),
    (bundled(patient(), {"resourceType": "Encounter", "class": []}), "not-r4", "Bundle.entry[1].resource.class"),
]


@pytest.mark.parametrize(("content", "code", "expression"), BROKEN, ids=[str(place) for place in range(len(BROKEN))])
def test_a_broken_document_names_the_element(content: Any, code: str, expression: str) -> None:
    broken = refused(content)

    assert (broken.code, broken.expressions) == (code, (expression,))


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Give the path of every element inside a document."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in items:
        yield (*path, name)
        yield from places(inner, (*path, name))


def small(name: str) -> Any:
    """Return a real bundle with two resources of each type: enough for every rule, and quick to change."""
    whole = json.loads(bundle(name))
    kept: dict[str, list[Any]] = {}
    for entry in whole["entry"]:
        kept.setdefault(entry["resource"]["resourceType"], []).append(entry)
    return whole | {"entry": [entry for entries in kept.values() for entry in entries[:2]]}


REAL = {name: small(name) for name in NAMES}
PLACES = {name: list(places(whole)) for name, whole in REAL.items()}
NEAR_PATIENT = {name: [path for path in paths if path[:2] == ("entry", 0)] for name, paths in PLACES.items()}
JUNK = st.sampled_from(
    [
        None,
        True,
        0,
        -1,
        1e300,
        10**400,
        "",
        " ",
        "x" * 300,
        "\u202e",
        "1990-13-45",
        "#",
        "Patient/x",
        [],
        {},
        [[]],
        [{}],
    ]
) | st.recursive(
    st.text(max_size=5) | st.integers() | st.booleans(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["coding", "value", "text"]), inner),
    max_leaves=4,
)


@st.composite
def mutated(draw: st.DrawFn) -> Any:
    """Draw a real bundle in which up to four elements were deleted or replaced."""
    name = draw(st.sampled_from(NAMES))
    whole = copy.deepcopy(REAL[name])
    for _ in range(draw(st.integers(1, 4))):
        path = draw(st.sampled_from(draw(st.sampled_from([PLACES[name], NEAR_PATIENT[name]]))))
        holder: Any = whole
        try:
            for step in path[:-1]:
                holder = holder[step]
            if draw(st.booleans()):
                del holder[path[-1]]
            else:
                holder[path[-1]] = draw(JUNK)
        except (KeyError, IndexError, TypeError):
            continue  # an earlier change took the element away
    return whole


@given(mutated())
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
def test_any_change_of_a_real_bundle_is_a_referral_or_names_an_element(whole: Any) -> None:
    try:
        found = referral_in(json.dumps(whole).encode(), TODAY)
    except FhirRefused as broken:
        named = broken.expressions
    else:
        named = tuple(found.places.values())
        assert found.person.name or found.person.alias

    assert named
    assert all(name.split(".")[0].split("[")[0].isalpha() for name in named)


async def send(caller: Any, document: Any, *, media: str = "application/fhir+json", **more: str) -> httpx.Response:
    content = document if isinstance(document, bytes) else json.dumps(document).encode()
    headers = {"Idempotency-Key": str(uuid4()), "Content-Type": media} | more
    path = f"{INTAKE}/fhir/referral"
    answer: httpx.Response = await caller.http.post(path, content=content, headers=caller.headers(headers))
    return answer


async def referrals(clinic: Any) -> int:
    sql = "select count(*) from intake.referral where agency_id = :a"
    return int(await clinic.platform.value(sql, a=clinic.administrator.agency_id))


@pytest.mark.parametrize("expected", BY_HAND, ids=[row[0] for row in BY_HAND])
async def test_a_real_bundle_goes_in(clinic: Any, expected: tuple[Any, ...]) -> None:
    name, called, born, phone, address, language, payer, reason, source = expected

    answer = await send(clinic.administrator, bundle(name))

    assert answer.status_code == 201, answer.text
    record = (await clinic.administrator.get(f"{INTAKE}/referrals/{answer.json()['id']}")).json()["said"]
    person = record["person"]
    assert (person["name"], person["birth_date"], person["sex"]) == (called, born.isoformat(), "male")
    assert (person["phone"], person["address"], person["language"]) == (phone, address, language)
    assert record["coverage"][0]["payer"] == payer
    assert record["reasons"][0]["text"] == reason
    assert record["source"]["organization"] == source


@pytest.mark.parametrize("name", NAMES)
async def test_every_real_bundle_goes_in_and_the_answer_holds_nobody(clinic: Any, name: str) -> None:
    whole = json.loads(bundle(name))
    one = whole["entry"][0]["resource"]

    answer = await send(clinic.supervisor, bundle(name), media="application/json")

    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert told["left_out"]["Observation"] > 0
    assert "Bundle.entry[0].resource.birthDate" in told["taken"]
    events = str([event["payload"] for event in await clinic.events(told["id"])])
    for private in (one["name"][0]["family"], one["birthDate"], one["telecom"][0]["value"], one["address"][0]["city"]):
        assert private not in answer.text
        assert private not in events


async def test_who_calls_is_told_first_that_the_person_has_died(clinic: Any) -> None:
    answer = await send(clinic.administrator, bundle("frances-mann"))

    record = (await clinic.administrator.get(f"{INTAKE}/referrals/{answer.json()['id']}")).json()
    assert record["said"]["reason"].startswith("The sender's record says that this person has died.")


async def test_a_second_sending_of_a_request_is_known(clinic: Any) -> None:
    identifier = [{"system": "https://ehr.test/orders", "value": uuid4().hex}]
    document = bundled(patient(), request(identifier=identifier, requester={"display": "City Court"}))

    first = (await send(clinic.administrator, document)).json()
    again = (await send(clinic.administrator, document)).json()

    assert (first["recorded"], again["recorded"], again["id"]) == (True, False, first["id"])


async def test_a_repeat_with_the_same_key_answers_alike(clinic: Any) -> None:
    key = {"Idempotency-Key": str(uuid4())}

    first = await send(clinic.administrator, bundled(patient()), **key)
    again = await send(clinic.administrator, bundled(patient()), **key)
    other = await send(clinic.administrator, bundled(patient(gender="male")), **key)

    assert (first.status_code, again.content) == (201, first.content)
    assert (other.status_code, other.json()["resourceType"]) == (422, "OperationOutcome")


@pytest.mark.parametrize(("content", "code", "expression"), BROKEN, ids=[str(place) for place in range(len(BROKEN))])
async def test_a_broken_document_gets_an_outcome_and_one_audit_entry(
    clinic: Any, content: Any, code: str, expression: str
) -> None:
    before, count, audited = await asyncio.gather(clinic.rows(), referrals(clinic), clinic.refusals())

    answer = await send(clinic.administrator, content)

    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/fhir+json"
    [issue] = answer.json()["issue"]
    assert (answer.json()["resourceType"], issue["severity"]) == ("OperationOutcome", "error")
    assert (issue["details"]["coding"][0]["code"], issue["expression"]) == (code, [expression])
    assert issue["diagnostics"].endswith(".")
    assert await asyncio.gather(clinic.rows(), referrals(clinic), clinic.refusals()) == [before, count, audited + 1]


async def test_what_our_own_rules_refuse_names_its_element_too(clinic: Any) -> None:
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).date().isoformat()

    answer = await send(clinic.administrator, bundled(patient(birthDate=tomorrow)))

    assert answer.json()["issue"][0]["expression"] == ["Bundle.entry[0].resource.birthDate"]


async def test_another_release_in_the_media_type_is_refused(clinic: Any) -> None:
    r5 = await send(clinic.administrator, bundled(patient()), media="application/fhir+json; fhirVersion=5.0")
    r4 = await send(clinic.administrator, bundled(patient()), media="application/fhir+json; fhirVersion=4.0")
    text = await send(clinic.administrator, bundled(patient()), media="text/plain")

    assert (r5.status_code, r5.json()["issue"][0]["code"]) == (422, "not-supported")
    assert (r4.status_code, text.status_code) == (201, 415)


async def test_who_may_not_refer_by_fhir(clinic: Any, http: httpx.AsyncClient) -> None:
    nobody = await http.post(f"{INTAKE}/fhir/referral", json=patient())
    officer = await send(clinic.privacy_officer, bundled(patient()))

    assert (nobody.status_code, officer.status_code) == (401, 403)
    assert nobody.headers["content-type"] == "application/problem+json"


async def test_another_agency_sees_no_referral_and_no_program(clinic: Any, stranger: Any) -> None:
    answer = await send(clinic.administrator, bundled(patient()))
    headers = stranger.headers({"Idempotency-Key": str(uuid4())})

    seen = await stranger.get(f"{INTAKE}/referrals/{answer.json()['id']}")
    theirs = await stranger.http.post(
        f"{INTAKE}/fhir/referral?program_id={clinic.program_id}", json=bundled(patient()), headers=headers
    )

    assert seen.status_code == 404
    assert (theirs.status_code, theirs.json()["issue"][0]["code"]) == (404, "not-found")


async def test_a_program_can_be_wanted(clinic: Any) -> None:
    headers = clinic.administrator.headers({"Idempotency-Key": str(uuid4())})
    path = f"{INTAKE}/fhir/referral?program_id={clinic.program_id}"

    answer = await clinic.administrator.http.post(path, json=bundled(patient()), headers=headers)

    record = (await clinic.administrator.get(f"{INTAKE}/referrals/{answer.json()['id']}")).json()
    assert record["program_id"] == str(clinic.program_id)


async def test_a_document_without_a_key_is_answered_in_fhir_too(clinic: Any) -> None:
    answer = await clinic.administrator.http.post(
        f"{INTAKE}/fhir/referral", json=bundled(patient()), headers=clinic.administrator.headers()
    )

    assert (answer.status_code, answer.json()["resourceType"]) == (400, "OperationOutcome")


def _about(kind: str, element: str, reference: str | None) -> dict[str, Any]:
    about = {} if reference is None else {element: {"reference": reference}}
    return {"resourceType": kind, "status": "active", **about}


@pytest.mark.parametrize(
    "reference", ["Patient/zzz", "https://elsewhere.example/fhir/Patient/zzz", "urn:uuid:zzz", None]
)
def test_what_speaks_of_somebody_else_or_of_nobody_is_left_out(reference: str | None) -> None:
    condition = _about("Condition", "subject", reference) | {
        "clinicalStatus": {"coding": [{"code": "active"}]},
        "code": {"text": "Alcohol use disorder"},
    }
    coverage = _about("Coverage", "beneficiary", reference) | {"payor": [{"display": "Somebody's payer"}]}
    patient = PATIENT | {"id": "p1"}
    document = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": one} for one in
        (patient, condition, coverage)]}  # fmt: skip

    found = referral_in(json.dumps(document).encode(), TODAY)

    assert (list(found.reasons), list(found.coverage)) == ([], [])
    assert found.left_out == {"Condition": 1, "Coverage": 1}


def test_a_patient_is_meant_by_any_address_that_ends_with_their_id() -> None:
    condition = _about("Condition", "subject", "https://sender.example/fhir/Patient/p1") | {
        "clinicalStatus": {"coding": [{"code": "active"}]},
        "code": {"text": "Alcohol use disorder"},
    }
    document = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": one} for one in
        (PATIENT | {"id": "p1"}, condition)]}  # fmt: skip

    assert [one.text for one in referral_in(json.dumps(document).encode(), TODAY).reasons] == ["Alcohol use disorder"]


def test_a_referral_about_somebody_who_is_not_in_the_document_is_refused() -> None:
    request = _about("ServiceRequest", "subject", "Patient/zzz") | {"intent": "order"}
    document = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": one} for one in
        (PATIENT | {"id": "p1"}, request)]}  # fmt: skip

    with pytest.raises(FhirRefused) as refused:
        referral_in(json.dumps(document).encode(), TODAY)

    assert (refused.value.code, list(refused.value.expressions)) == (
        "subject-not-here", ["Bundle.entry[1].resource.subject"],
    )  # fmt: skip
