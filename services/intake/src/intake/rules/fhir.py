"""What a FHIR R4 document says for a referral: person, contacts, coverage, reason and source; the rest is left out.

A tolerant reader of the few elements that an intake needs. A full model of FHIR would refuse a person for a flaw in
an observation that nobody here may read anyway.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from intake.rules.fhir_bundle import RESOURCE_TYPES, Document, Resource, document_of
from intake.rules.fhir_patient import (
    Contact,
    Person,
    Reading,
    codes_of,
    concept_text,
    contacts_of,
    person_of,
)
from intake.rules.fhir_reading import Element, FhirRefused, Issue, read_json, wrong
from intake.rules.fhir_source import Source, code_in, is_about, named, source_of

WITHDRAWN = ("revoked", "entered-in-error")
CLOSED_COVERAGE = ("cancelled", "entered-in-error")
ACTIVE = frozenset({"active", "recurrence", "relapse"})
NEVER_SO = frozenset({"refuted", "entered-in-error"})
URGENT = frozenset({"urgent", "asap", "stat"})
BILLS = ("Claim", "ExplanationOfBenefit")
MOST_COVERAGE, MOST_REASONS, MOST_PROSE = 10, 20, 7000
DAY = re.compile(r"(\d{4}-\d{2}-\d{2})(T[0-9:.]{5,20}(Z|[+-]\d{2}:\d{2})?)?", re.ASCII)
SUBSTANCE = re.compile(
    r"alcohol|opioid|opiate|heroin|fentanyl|cocaine|amphetamine|cannabis|marijuana|benzodiazepine|sedative|inhalant|"
    r"hallucinogen|overdose|addict|intoxication|drug (use|abuse|depend|misuse|withdraw)|misuses? drugs|"
    r"substance (use|abuse|depend|misuse|induced)|(dependent|harmful) (drug|substance)",
    re.IGNORECASE,
)
SUBSTANCE_CODES = re.compile(r"F1[0-689](\.|$)|T40(\.|$)|F55(\.|$)", re.ASCII)  # ICD-10-CM; F17 is tobacco
NOT_A_USE = re.compile(r"allerg|family history|no history|denies|screening for", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Covered:
    payer: str
    member_id: str | None
    kind: str | None


@dataclass(frozen=True, slots=True)
class Why:
    system: str | None
    code: str | None
    text: str | None


@dataclass(slots=True)
class FhirReferral:
    """Plain values of one referral. `places`: from which element each is, by its JSON pointer in our own request."""

    person: Person
    contacts: Sequence[Contact]
    coverage: Sequence[Covered]
    reasons: Sequence[Why]
    reason: str | None
    source: Source
    referred_on: date | None
    external_id: str | None
    remarks: Sequence[str]
    places: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, int] = field(default_factory=dict)


def referral_in(content: bytes, today: date) -> FhirReferral:
    """Return the referral of a document. Raises `FhirRefused` naming the element at fault."""
    document = document_of(read_json(content))
    reading = Reading(today)
    requests = _requests(document)
    patient = _patient(document, requests)
    request = next((one for one in requests if is_about(document, one, patient, "subject")), None)
    person = person_of(patient.element, reading)
    contacts = contacts_of(patient.element, reading)
    coverage = _coverage(document, patient, reading)
    reasons, reason = _reasons(document, patient, request, reading)
    source = source_of(document, patient, request, reading)
    referral = FhirReferral(
        person=person,
        contacts=contacts,
        coverage=coverage,
        reasons=reasons,
        reason=reason,
        source=source,
        referred_on=_referred_on(document, request, reading),
        external_id=_external_id(request),
        remarks=reading.remarks,
        places=reading.taken,
    )
    _priority(request, reading)
    referral.left_out = _left_out(document, reading)
    return referral


def _requests(document: Document) -> Sequence[Resource]:
    """Return the ServiceRequests that still hold. Raises `FhirRefused` if there are some, but none holds."""
    found = document.of("ServiceRequest")
    holding = [one for one in found if code_in(one.element, "status") not in WITHDRAWN]
    if found and not holding:
        sentence = "The referral was withdrawn by who made it."
        raise FhirRefused("referral-withdrawn", Issue.BUSINESS_RULE, sentence, f"{found[0].path}.status")
    return holding


def _patient(document: Document, requests: Sequence[Resource]) -> Resource:
    """Return whom the document is about. Raises `FhirRefused` if that is nobody, or could be either of two."""
    patients = document.of("Patient")
    subjects = [document.resolve(one, one.element.child("subject")) for one in requests]
    meant = {one.path: one for one in subjects if one is not None and one.kind == "Patient"}
    if len(meant) == 1:
        return next(iter(meant.values()))
    if len(patients) == 1 and not meant:
        return _only_one(document, patients[0], requests)
    if not patients and not meant:
        sentence = "There is no Patient in it. Send one with the referral."
        raise FhirRefused("no-patient", Issue.REQUIRED, sentence, document.root.path)
    sentence = "A referral is about one person. Send a document for each, or name one as ServiceRequest.subject."
    several = list(meant) or [one.path for one in patients]
    raise FhirRefused("two-patients", Issue.MULTIPLE_MATCHES, sentence, *several[:20])


def _only_one(document: Document, patient: Resource, requests: Sequence[Resource]) -> Resource:
    """Return the one patient there is. Raises `FhirRefused` if the referral is about somebody who is not."""
    if requests and not any(is_about(document, one, patient, "subject") for one in requests):
        sentence = "The referral is about somebody who is not in the document. Send that Patient with it."
        raise FhirRefused("subject-not-here", Issue.NOT_FOUND, sentence, f"{requests[0].path}.subject")
    return patient


def _coverage(document: Document, patient: Resource, reading: Reading) -> list[Covered]:
    """Return who pays, by Coverage resources or, where there is none, by the newest bill of this person."""
    own = [one for one in document.of("Coverage") if is_about(document, one, patient, "beneficiary")]
    found = [covered for one in own if (covered := _covered(document, one)) is not None]
    if not found and (bill := _newest_bill(document, patient)):
        reading.remarks.say("coverage-from-bills")
        found = _billed(document, bill)
    kept = list({covered: element for element, covered in reversed(found)}.items())[::-1]
    if len(kept) > MOST_COVERAGE:
        reading.remarks.say("more-coverage-left-out")
    for place, (_, element) in enumerate(kept[:MOST_COVERAGE]):
        reading.take(f"/coverage/{place}", element)
    return [covered for covered, _ in kept[:MOST_COVERAGE]]


def _covered(document: Document, one: Resource) -> tuple[Element, Covered] | None:
    if code_in(one.element, "status") in CLOSED_COVERAGE:
        return None
    payers = (named(document, one, payer) for payer in one.element.children("payor"))
    kind = one.element.child("type")
    words = None if kind is None else concept_text(kind) or next(iter(codes_of(kind)), None)
    payer = next((name for name in payers if name), None) or words
    if payer is None:
        return None
    numbers = [number for entry in one.element.children("identifier") if (number := entry.line("value"))]
    member_id = one.element.line("subscriberId") or next(iter(numbers), None)
    return one.element, Covered(payer, member_id, words)


def _newest_bill(document: Document, patient: Resource) -> Resource | None:
    bills = [one for one in document.of(*BILLS) if is_about(document, one, patient, "patient")]
    insured = [one for one in bills if one.element.children("insurance")]
    return max(insured, key=lambda one: code_in(one.element, "created") or "", default=None)


def _billed(document: Document, bill: Resource) -> list[tuple[Element, Covered]]:
    found = []
    for insurance in bill.element.children("insurance"):
        reference = insurance.child("coverage")
        if reference is None:
            continue
        meant = document.resolve(bill, reference)
        covered = _covered(document, meant) if meant is not None and meant.kind == "Coverage" else None
        if covered is not None:
            found.append(covered)
        elif display := reference.line("display"):
            found.append((reference, Covered(display, None, None)))
    return found


def _reasons(
    document: Document, patient: Resource, request: Resource | None, reading: Reading
) -> tuple[list[Why], str | None]:
    """Return why somebody is referred, coded and at length: as the request says, else their substance conditions."""
    stated = [] if request is None else _stated(document, request)
    found = stated or [concept for one in document.of("Condition") if (concept := _concern(document, one, patient))]
    found = found[:MOST_REASONS]
    kept = {why: concept for concept in reversed(found) if (why := _why(concept))}
    long = [(text, concept) for concept in found if (text := _long_text(concept))]
    for place, concept in enumerate([*reversed(kept.values()), *(concept for _, concept in long)]):
        reading.take(f"/reasons/{place}", concept)
    if not kept and not long:
        reading.remarks.say("reason-not-found")
    elif not stated:
        reading.remarks.say("reason-from-conditions")
    return list(kept)[::-1], "\n\n".join(text for text, _ in long)[:MOST_PROSE] or None


def _stated(document: Document, request: Resource) -> list[Element]:
    coded = list(request.element.children("reasonCode"))
    for reference in request.element.children("reasonReference"):
        meant = document.resolve(request, reference)
        if meant is not None and meant.kind in ("Condition", "Observation") and (code := meant.element.child("code")):
            coded.append(code)
    return coded


def _concern(document: Document, one: Resource, patient: Resource) -> Element | None:
    """Return the code of a condition that is active, this person's, and about a substance."""
    status, verified = one.element.child("clinicalStatus"), one.element.child("verificationStatus")
    code = one.element.child("code")
    if code is None or not is_about(document, one, patient, "subject"):
        return None
    if status is not None and ACTIVE.isdisjoint(codes_of(status)):
        return None
    if verified is not None and not NEVER_SO.isdisjoint(codes_of(verified)):
        return None
    words = " ".join(_words(code))
    about = SUBSTANCE.search(words) and not NOT_A_USE.search(words)
    return code if about or any(SUBSTANCE_CODES.match(said) for said in codes_of(code)) else None


def _words(concept: Element) -> list[str]:
    """Return all that a concept is called, for looking at only."""
    said = [concept.fields.get("text"), *(coding.fields.get("display") for coding in concept.children("coding"))]
    return [words for words in said if isinstance(words, str)]


def _why(concept: Element) -> Why | None:
    coding = next(iter(concept.children("coding")), None)
    system = None if coding is None else coding.line("system")
    code = None if coding is None else coding.line("code")
    text = None if _long_text(concept) else concept_text(concept)
    return Why(system if code else None, code, text) if code or text else None


def _long_text(concept: Element) -> str | None:
    """Return a reason that is told at length, which is kept as prose."""
    said = concept.child("text")
    return said.prose() if said is not None and isinstance(said.value, str) and len(said.value) > 200 else None


def _referred_on(document: Document, request: Resource | None, reading: Reading) -> date | None:
    """Return the day of the request, else of the document; None where neither says."""
    said = None if request is None else request.element.child("authoredOn")
    said = said or document.root.child("timestamp")
    if said is None:
        return None
    found = DAY.fullmatch(said.value) if isinstance(said.value, str) else None
    try:
        day = None if found is None else date.fromisoformat(found[1])
    except ValueError:
        day = None
    if day is None:
        raise wrong(said, "This must be a date and time, such as 2026-03-07T10:00:00Z.")
    if day.year < 1900 or day > reading.today:
        raise wrong(said, "A referral was made between 1900 and now.", code="referred-on-out-of-range")
    reading.take("/referred_on", said)
    return day


def _external_id(request: Resource | None) -> str | None:
    """Return one code for what the sender calls the request, so that a second sending is known as such."""
    if request is None:
        return None
    for identifier in request.element.children("identifier"):
        system, value = identifier.line("system"), identifier.line("value")
        if system and value:
            return hashlib.sha256(f"{system}|{value}".encode()).hexdigest()
    name = request.full_url or ""
    return hashlib.sha256(name.encode()).hexdigest() if name.startswith(("urn:uuid:", "https://", "http://")) else None


def _priority(request: Resource | None, reading: Reading) -> None:
    if request is not None and code_in(request.element, "priority") in URGENT:
        reading.remarks.say("priority-urgent")


def _left_out(document: Document, reading: Reading) -> dict[str, int]:
    """Count, by type, the resources of which nothing was taken."""
    taken = list(reading.taken.values())
    unused = [one for one in document.resources if not _is_used(one.path, taken)]
    kinds = (one.kind if one.kind in RESOURCE_TYPES else "other" for one in unused)
    return dict(sorted(Counter(kinds).items()))


def _is_used(path: str, taken: Sequence[str]) -> bool:
    return any(one == path or one.startswith(f"{path}.") for one in taken)
