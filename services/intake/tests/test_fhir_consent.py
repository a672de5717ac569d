"""FHIR R4 Consents: what goes out, what comes in as a draft, and how broken ones are answered."""

import asyncio
import contextlib
import copy
import json
from datetime import date
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.contracts.codes import ConsentType
from intake.rules.consent_states import ConsentStanding
from intake.rules.consents import (
    ConsentTerms,
    Expiry,
    ExpiryKind,
    InformationCategory,
    Purpose,
    Recipient,
    RecipientClass,
)
from intake.rules.fhir_consent import STATUS, ConsentToSend, consent_resource
from intake.rules.fhir_consent_in import consent_in
from intake.rules.fhir_reading import FhirRefused

INTAKE = "/api/intake/v1"
ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
REASON = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
ROLE = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"


def actor(role: str, display: str) -> dict[str, Any]:
    return {"role": {"coding": [{"system": ROLE, "code": role}]}, "reference": {"display": display}}


RULE: dict[str, Any] = {
    "type": "permit",
    "period": {"start": "2026-01-05", "end": "2027-01-05T23:59:59-06:00"},
    "actor": [actor("IRCP", "Canary County Housing"), actor("INF", "Riverbend Recovery")],
    "securityLabel": [{"system": ACT, "code": "SUD"}, {"system": ACT, "code": "MH"}],
    "purpose": [{"system": REASON, "code": "TREAT"}],
}
CONSENT: dict[str, Any] = {
    "resourceType": "Consent",
    "status": "active",
    "scope": {"coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"}]},
    "category": [{"coding": [{"system": ACT, "code": "IDSCL"}]}],
    "patient": {"reference": "Patient/elsewhere-1"},
    "dateTime": "2026-01-05T15:00:00Z",
    "policy": [{"uri": "https://www.ecfr.gov/current/title-42/chapter-I/subchapter-A/part-2"}],
    "provision": {"provision": [RULE]},
}


def consent(**fields: Any) -> dict[str, Any]:
    whole = copy.deepcopy(CONSENT) | fields
    return {name: value for name, value in whole.items() if value is not None}


def ruled(**fields: Any) -> dict[str, Any]:
    rule = {name: value for name, value in (copy.deepcopy(RULE) | fields).items() if value is not None}
    return consent(provision={"provision": [rule]})


def read(document: dict[str, Any]) -> Any:
    return consent_in(json.dumps(document).encode())


def refused(content: bytes | dict[str, Any] | list[Any]) -> FhirRefused:
    whole = content if isinstance(content, bytes) else json.dumps(content).encode()
    with pytest.raises(FhirRefused) as caught:
        consent_in(whole)
    return caught.value


def test_the_terms_are_taken_from_the_rule_that_permits() -> None:
    found = read(consent())

    terms = found.terms
    assert terms.consent_type is ConsentType.NAMED_RECIPIENTS
    assert [(one.name, one.covered_entity) for one in terms.recipients] == [("Canary County Housing", False)]
    assert terms.disclosers == ["Riverbend Recovery"]
    assert terms.categories == [InformationCategory.SUBSTANCE_USE_DISORDER, InformationCategory.MENTAL_HEALTH]
    assert terms.purposes == [Purpose.TREATMENT]
    assert terms.starts_on == date(2026, 1, 5)
    assert terms.expiry == Expiry(kind=ExpiryKind.DATE, on=date(2027, 1, 5))
    assert (terms.signature, terms.signed_at, terms.name_as_signed) == (None, None, None)
    assert (found.person, list(found.remarks)) == ("Patient/elsewhere-1", ["covered-entity-unsure"])


def test_a_rule_at_the_root_is_read_too() -> None:
    at_root = read(consent(provision={name: value for name, value in RULE.items() if name != "type"}))

    assert at_root.terms == read(consent()).terms


def test_whoever_is_contained_is_called_by_their_name() -> None:
    contained = [
        {"resourceType": "Organization", "id": "o1", "name": "Canary Clinic"},
        {"resourceType": "Practitioner", "id": "p1", "name": [{"family": "Reyes", "given": ["Dora"]}]},
        {"resourceType": "Device", "id": "d1"},
    ]
    actors = [actor("IRCP", "") | {"reference": {"reference": f"#{name}"}} for name in ("o1", "p1", "d1", "none")]

    found = read(ruled(actor=actors) | {"contained": contained})

    assert [one.name for one in found.terms.recipients] == ["Canary Clinic", "Dora Reyes"]
    assert "recipient-not-named" in found.remarks


def test_three_purposes_and_no_other_make_it_the_single_consent() -> None:
    coded = [{"system": REASON, "code": code} for code in ("TREAT", "HPAYMT", "HOPERAT")]

    assert read(ruled(purpose=coded)).terms.consent_type is ConsentType.TPO
    assert read(ruled(purpose=coded[:2])).terms.consent_type is ConsentType.NAMED_RECIPIENTS


@pytest.mark.parametrize(
    ("fields", "remark"),
    [
        ({"purpose": [{"system": REASON, "code": "HMARKT"}]}, "purpose-not-taken"),
        ({"purpose": [{"code": "TREAT"}]}, "purpose-not-taken"),
        ({"securityLabel": [{"system": ACT, "code": "HIV"}]}, "category-not-taken"),
        ({"actor": [actor("CST", "Somebody")]}, "actor-not-taken"),
        ({"actor": [actor("INF", "")]}, "discloser-not-named"),
        ({"period": {"end": "2027"}}, "end-incomplete"),
        ({"dataPeriod": {"start": "2020-01-01"}}, "narrowing-not-taken"),
        ({"class": [{"code": "Observation"}]}, "narrowing-not-taken"),
        ({"provision": [{"type": "deny"}]}, "narrowing-not-taken"),
    ],
)
def test_what_is_not_taken_is_remarked(fields: dict[str, Any], remark: str) -> None:
    assert remark in read(ruled(**fields)).remarks


def test_an_exception_beside_the_permission_is_remarked() -> None:
    found = read(consent(provision={"provision": [RULE, {"type": "deny", "actor": [actor("IRCP", "Landlord")]}]}))

    assert "exception-not-taken" in found.remarks
    assert [one.name for one in found.terms.recipients] == ["Canary County Housing"]


BROKEN: list[tuple[Any, str, str]] = [
    (b"", "malformed-json", "Resource"),
    (b"{", "malformed-json", "Resource"),
    (b"[" * 100_000, "too-deep", "Resource"),
    (b'{"resourceType":"Consent","status":"active","status":"draft"}', "field-twice", "Consent.status"),
    ([], "not-a-consent", "Resource.resourceType"),
    ({"resourceType": "Patient"}, "not-a-consent", "Patient.resourceType"),
    (consent(status=None), "bad-element", "Consent.status"),
    (consent(status="on"), "bad-element", "Consent.status"),
    (consent(status=5), "bad-element", "Consent.status"),
    (consent(status="inactive"), "consent-not-in-force", "Consent.status"),
    (consent(status="rejected"), "consent-not-in-force", "Consent.status"),
    (consent(status="entered-in-error"), "consent-not-in-force", "Consent.status"),
    (consent(scope=None), "bad-element", "Consent.scope"),
    (consent(scope={"coding": [{"code": "research"}]}), "consent-scope-not-privacy", "Consent.scope"),
    (consent(scope="privacy"), "bad-element", "Consent.scope"),
    (consent(provision=None), "consent-permits-nothing", "Consent.provision"),
    (consent(provision={"type": "deny"}), "consent-denies", "Consent.provision.type"),
    (
        consent(provision={"provision": [RULE, RULE]}),
        "consent-of-several-rules",
        "Consent.provision.provision[1]",
    ),
    (consent(provision={"type": "maybe"}), "bad-element", "Consent.provision.type"),
    (consent(**{"except": []}), "not-r4", "Consent.except"),
    (consent(grantor=[]), "not-r4", "Consent.grantor"),
    (ruled(period={"end": "soon"}), "bad-element", "Consent.provision.provision[0].period.end"),
    (ruled(period={"end": "2027-02-30"}), "bad-element", "Consent.provision.provision[0].period.end"),
    (ruled(period={"end": "1066-10-14"}), "bad-element", "Consent.provision.period.end"),
    (ruled(actor=[{"reference": {"display": "X"}}]), "bad-element", "Consent.provision.provision[0].actor[0].role"),
    (
        ruled(actor=[actor("IRCP", "X") | {"reference": None}]),
        "bad-element",
        "Consent.provision.provision[0].actor[0].reference",
    ),
    (
        ruled(actor=[actor("IRCP", "x" * 201)]),
        "bad-element",
        "Consent.provision.provision[0].actor[0].reference.display",
    ),
    (ruled(actor=[actor("IRCP", f"R{n}") for n in range(51)]), "bad-element", "Consent.provision.actor"),
    (ruled(actor=[actor("CST", "C")] * 101), "bad-element", "Consent.provision.provision[0].actor"),
    (ruled(purpose={"code": "TREAT"}), "bad-element", "Consent.provision.provision[0].purpose"),
    (ruled(securityLabel=["SUD"]), "bad-element", "Consent.provision.provision[0].securityLabel[0]"),
]
IDS = [str(place) for place in range(len(BROKEN))]


@pytest.mark.parametrize(("content", "code", "expression"), BROKEN, ids=IDS)
def test_a_broken_consent_is_refused_at_its_element(content: Any, code: str, expression: str) -> None:
    found = refused(content)

    assert (found.code, found.expressions) == (code, (expression,))


NAMES = st.text(st.characters(categories=("L", "N")), min_size=1, max_size=30)
DAYS = st.dates(date(1900, 1, 1), date(2999, 12, 31))
RECIPIENTS = st.builds(
    lambda name, of_class, covered: Recipient(
        name=None if of_class else name, recipient_class=of_class, covered_entity=covered
    ),
    NAMES,
    st.none() | st.sampled_from(RecipientClass),
    st.booleans(),
)
TERMS = st.builds(
    ConsentTerms,
    consent_type=st.sampled_from(ConsentType),
    disclosers=st.lists(NAMES, max_size=4, unique=True),
    categories=st.lists(st.sampled_from(InformationCategory), unique=True, max_size=11),
    recipients=st.lists(RECIPIENTS, min_size=1, max_size=4),
    purposes=st.lists(st.sampled_from(Purpose), unique=True, max_size=16),
    starts_on=st.none() | DAYS,
    expiry=st.none() | st.builds(Expiry, kind=st.just(ExpiryKind.DATE), on=DAYS),
)


def sent(terms: ConsentTerms, standing: ConsentStanding = ConsentStanding.ACTIVE, **fields: Any) -> dict[str, Any]:
    whole: dict[str, Any] = {
        "id": uuid4(),
        "participant_id": uuid4(),
        "version": 1,
        "language": "en",
        "standing": standing,
        "terms": terms,
        "open_places": range(len(terms.recipients)),
        "signed_at": None,
        "narrative": "Words.",
    }
    return consent_resource(ConsentToSend(**whole | fields))


@given(TERMS)
def test_what_goes_out_comes_in_with_the_same_terms(terms: ConsentTerms) -> None:
    found = read(json.loads(json.dumps(sent(terms))))

    assert found.terms == terms
    assert list(found.remarks) == []


@pytest.mark.parametrize(
    ("standing", "status"),
    [
        (ConsentStanding.DRAFT, "draft"),
        (ConsentStanding.PRESENTED, "proposed"),
        (ConsentStanding.DISCARDED, "inactive"),
        (ConsentStanding.DECLINED, "rejected"),
        (ConsentStanding.NOT_YET, "active"),
        (ConsentStanding.ACTIVE, "active"),
        (ConsentStanding.EXPIRED, "inactive"),
        (ConsentStanding.SUSPENDED, "inactive"),
        (ConsentStanding.REVOKED, "inactive"),
        (ConsentStanding.SUPERSEDED, "inactive"),
        (ConsentStanding.VOID, "entered-in-error"),
    ],
)
def test_every_standing_has_a_status(standing: ConsentStanding, status: str) -> None:
    terms = ConsentTerms(
        consent_type=ConsentType.NAMED_RECIPIENTS, recipients=[Recipient(name="X", covered_entity=False)]
    )

    assert sent(terms, standing)["status"] == status
    assert set(STATUS) == set(ConsentStanding)


def test_a_consent_with_nobody_left_in_it_is_not_one_for_everybody() -> None:
    terms = ConsentTerms(
        consent_type=ConsentType.NAMED_RECIPIENTS, recipients=[Recipient(name="X", covered_entity=False)]
    )

    assert sent(terms, open_places=())["status"] == "inactive"


def test_the_narrative_is_escaped() -> None:
    terms = ConsentTerms(consent_type=ConsentType.NAMED_RECIPIENTS)

    shown = sent(terms, narrative="<script>\n\nA & B")["text"]["div"]

    assert shown == '<div xmlns="http://www.w3.org/1999/xhtml"><p>&lt;script&gt;</p><p>A &amp; B</p></div>'


async def post(caller: Any, participant_id: object, content: Any, **headers: str) -> httpx.Response:
    whole = content if isinstance(content, bytes) else json.dumps(content).encode()
    sending = {"Content-Type": "application/fhir+json", "Idempotency-Key": str(uuid4())} | headers
    answer: httpx.Response = await caller.http.post(
        f"{INTAKE}/fhir/consent?participant_id={participant_id}", content=whole, headers=caller.headers(sending)
    )
    return answer


async def drafts(clinic: Any) -> int:
    return int(await clinic.platform.value("select count(*) from intake.consent"))


async def test_a_consent_goes_out_without_the_persons_name(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    consent_id = await clinic.sign(participant_id, starts_on="2026-01-06")

    answer = await clinic.peer.get(f"{INTAKE}/fhir/consent/{consent_id}")

    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/fhir+json")
    resource = answer.json()
    assert (resource["id"], resource["status"]) == (str(consent_id), "active")
    assert resource["patient"] == {"reference": f"Patient/{participant_id}"}
    assert resource["meta"]["security"][0]["code"] == "R"
    assert resource["dateTime"] == "2026-01-05T15:00:00+00:00"
    (rule,) = resource["provision"]["provision"]
    assert (rule["type"], rule["period"]) == ("permit", {"start": "2026-01-06", "end": "2199-12-31"})
    assert [one["name"] for one in resource["contained"]] == ["Canary County Housing", "Riverbend Recovery"]
    assert "extension" not in answer.text
    assert "Maura" not in answer.text


async def test_a_revoked_consent_goes_out_as_inactive(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    consent_id = await clinic.sign(participant_id)
    await clinic.peer.put(f"{INTAKE}/consents/{consent_id}/revocation", {}, version=1)

    resource = (await clinic.peer.get(f"{INTAKE}/fhir/consent/{consent_id}")).json()

    assert (resource["status"], resource["meta"]["versionId"]) == ("inactive", "2")


async def test_a_consent_from_outside_is_a_draft_that_says_what_it_lacks(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()

    answer = await post(clinic.peer, participant_id, consent())

    assert answer.status_code == 201, answer.text
    made = answer.json()
    assert {one["pointer"] for one in made["lacks"]} >= {"/name_as_signed", "/how_to_revoke"}
    assert set(made["remarks"]) == {"covered-entity-unsure", "person-not-compared"}
    record = (await clinic.peer.get(f"{INTAKE}/consents/{made['id']}")).json()
    assert (record["status"], record["terms"]["signed_at"], record["terms"]["signature"]) == ("draft", None, None)
    assert "Canary County" not in answer.text
    assert await clinic.events(UUID(made["id"])) == []


async def test_a_draft_from_outside_permits_nothing(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    made = (await post(clinic.peer, participant_id, consent())).json()

    answer = await clinic.administrator.post(
        f"{INTAKE}/disclosures", clinic.disclosure(participant_id, made["id"], purpose="treatment")
    )

    assert answer.status_code in (404, 409)


async def test_what_went_out_comes_in_complete_but_for_what_fhir_cannot_hold(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    consent_id = await clinic.sign(participant_id)
    resource = (await clinic.peer.get(f"{INTAKE}/fhir/consent/{consent_id}")).json()

    made = (await post(clinic.peer, participant_id, resource)).json()
    before = (await clinic.peer.get(f"{INTAKE}/consents/{consent_id}")).json()["terms"]
    after = (await clinic.peer.get(f"{INTAKE}/consents/{made['id']}")).json()["terms"]

    carried = ("consent_type", "disclosers", "categories", "recipients", "purposes", "starts_on", "expiry")
    assert {name: after[name] for name in carried} == {name: before[name] for name in carried}
    assert made["remarks"] == []
    assert {one["pointer"] for one in made["lacks"]} == {"/name_as_signed", "/how_to_revoke"}


async def test_a_repeat_with_the_same_key_makes_one_draft(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()
    key, before = {"Idempotency-Key": str(uuid4())}, await drafts(clinic)

    first = await post(clinic.peer, participant_id, consent(), **key)
    again = await post(clinic.peer, participant_id, consent(), **key)
    other = await post(clinic.peer, participant_id, consent(language="en"), **key)

    assert (first.status_code, again.content) == (201, first.content)
    assert (other.status_code, other.json()["resourceType"]) == (422, "OperationOutcome")
    assert await drafts(clinic) == before + 1


@pytest.mark.parametrize(("content", "code", "expression"), BROKEN, ids=IDS)
async def test_a_broken_consent_gets_an_outcome_and_one_audit_entry(
    clinic: Any, content: Any, code: str, expression: str
) -> None:
    participant_id, _ = await clinic.assigned()
    before = await asyncio.gather(clinic.rows(), drafts(clinic), clinic.refusals())

    answer = await post(clinic.peer, participant_id, content)

    assert answer.status_code in (400, 422)
    assert answer.headers["content-type"] == "application/fhir+json"
    [issue] = answer.json()["issue"]
    assert (issue["details"]["coding"][0]["code"], issue["expression"]) == (code, [expression])
    rows, count, audited = before
    after = await asyncio.gather(clinic.rows(), drafts(clinic), clinic.refusals())
    assert tuple(after) == (rows, count, audited + 1)


async def test_who_may_not_reach_the_person_may_not_reach_their_consents(clinic: Any, stranger: Any) -> None:
    participant_id, _ = await clinic.assigned()
    consent_id = await clinic.sign(participant_id)

    for caller in (stranger, clinic.other_peer):
        assert (await caller.get(f"{INTAKE}/fhir/consent/{consent_id}")).status_code == 404
        answer = await post(caller, participant_id, consent())
        assert (answer.status_code, answer.json()["issue"][0]["code"]) == (404, "not-found")
    assert (await clinic.peer.http.get(f"{INTAKE}/fhir/consent/{consent_id}")).status_code == 401


async def test_another_release_in_the_media_type_is_refused(clinic: Any) -> None:
    participant_id, _ = await clinic.assigned()

    r5 = await post(
        clinic.peer, participant_id, consent(), **{"Content-Type": "application/fhir+json; fhirVersion=5.0"}
    )
    text = await post(clinic.peer, participant_id, consent(), **{"Content-Type": "text/plain"})

    assert (r5.status_code, r5.json()["issue"][0]["code"]) == (422, "not-supported")
    assert text.status_code == 415


LEAVES: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, 0, -1, 2**70, 1.5, "", " ", "x" * 300, "\u202e", "\u0000", "2026-02-30", [], {}, [None], [[]], {"": 1}]
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of everything in a document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for name, one in inner for found in places(one, (*path, name)))][0 if path else 1 :]


def mutated(document: dict[str, Any], place: tuple[Any, ...], leaf: Any) -> dict[str, Any]:
    whole = copy.deepcopy(document)
    holder: Any = whole
    for name in place[:-1]:
        holder = holder[name]
    holder[place[-1]] = leaf
    return whole


FULL = consent(
    contained=[{"resourceType": "Organization", "id": "o", "name": "Canary", "type": [{"coding": [{"code": "x"}]}]}],
    provision={
        "period": {"start": "2026-01-01"},
        "provision": [
            RULE | {"actor": [*RULE["actor"], actor("IRCP", "") | {"reference": {"reference": "#o"}}]},
            {"type": "deny", "purpose": [{"system": REASON, "code": "HMARKT"}]},
        ],
    },
)


@given(st.sampled_from(places(FULL)), LEAVES, st.sampled_from(places(FULL)), LEAVES)
def test_a_mutated_consent_is_read_or_refused_at_an_element(
    first: tuple[Any, ...], one: Any, second: tuple[Any, ...], other: Any
) -> None:
    document = mutated(FULL, first, one)
    with contextlib.suppress(KeyError, IndexError, TypeError):  # the first change took away what the second is for
        document = mutated(document, second, other)

    try:
        consent_in(json.dumps(document).encode())
    except FhirRefused as broken:
        named = broken.expressions
    else:
        named = ("none",)

    assert named


@pytest_asyncio.fixture
async def enrolled(clinic: Any) -> UUID:
    found: UUID = await clinic.enrol()
    return found


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=st.sampled_from(places(FULL)), leaf=LEAVES)
async def test_a_mutated_consent_never_breaks_the_service(
    clinic: Any, enrolled: UUID, place: tuple[Any, ...], leaf: Any
) -> None:
    answer = await post(clinic.administrator, enrolled, mutated(FULL, place, leaf))

    assert answer.status_code in (201, 400, 422), answer.text
