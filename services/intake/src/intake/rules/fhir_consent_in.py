"""What a FHIR R4 Consent says, as far as a draft takes it up; a draft permits nothing until it is signed here."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

from pydantic import ValidationError

from common.contracts.codes import ConsentType
from intake.rules.consents import TPO, ConsentTerms, ExpiryKind
from intake.rules.fhir_bundle import Resource, contained
from intake.rules.fhir_consent import (
    CATEGORIES,
    CLASSES,
    COVERED,
    DISCLOSER,
    PARTICIPATION,
    PRIVACY,
    PURPOSES,
    RECEIVER,
    SCOPE,
    STATUS,
    TYPES,
)
from intake.rules.fhir_patient import Remarks, full_name
from intake.rules.fhir_reading import Element, FhirRefused, Issue, read_json, root_name, wrong

Found = TypeVar("Found")
STATUSES = tuple(sorted(set(STATUS.values())))
STANDING = ("draft", "proposed", "active")
# Where STU3 or R5 keep what R4 keeps elsewhere.
ELSEWHERE: Mapping[str, str] = dict.fromkeys(("except", "consentingParty", "purpose", "actor", "data"), "STU3") | (
    dict.fromkeys(("subject", "grantor", "decision", "regulatoryBasis", "policyBasis"), "R5")
)
# Which element of the rule each of our own terms is from.
FROM = {
    "disclosers": "actor",
    "recipients": "actor",
    "expiry": "period.end",
    "starts_on": "period.start",
    "categories": "securityLabel",
    "purposes": "purpose",
}
MOMENT = re.compile(r"(\d{4}-\d{2}-\d{2})(T[0-9:.]{5,20}(Z|[+-]\d{2}:\d{2})?)?", re.ASCII)
PART_OF_DAY = re.compile(r"\d{4}(-\d{2})?", re.ASCII)
PEOPLE = ("Practitioner", "Patient", "RelatedPerson")
NEVER_TAKEN = ("dataPeriod", "data", "code", "class", "action")
TAKEN = ("period", "actor", "securityLabel", "purpose")
MOST_ACTORS = 50


@dataclass(frozen=True, slots=True)
class FhirConsent:
    """`person`: what the Consent calls the person by reference. `remarks`: codes of what was left out or is unsure."""

    terms: ConsentTerms
    person: str | None
    remarks: Sequence[str]


def consent_in(content: bytes) -> FhirConsent:
    """Return the terms that a Consent holds. Raises `FhirRefused` naming the element at fault."""
    root = Element(read_json(content), "Consent")
    _require_consent(root)
    remarks = Remarks()
    rule = _rule(root, remarks)
    given = _Given(Resource(root, "Consent"), rule, remarks)
    purposes = given.coded("purpose", PURPOSES, "purpose-not-taken")
    values: dict[str, Any] = {
        "categories": given.coded("securityLabel", CATEGORIES, "category-not-taken"),
        "purposes": purposes,
        "recipients": given.recipients(),
        "disclosers": given.disclosers(),
        "consent_type": _type(root, purposes),
        **_period(rule, remarks),
    }
    return FhirConsent(_terms(values), _person(root), tuple(remarks))


def _require_consent(root: Element) -> None:
    """Raise `FhirRefused` for anything but a Consent of R4 about privacy that still holds or is yet to be given."""
    if root_name(root.value) != "Consent":
        sentence = "Send one Consent of FHIR R4."
        raise FhirRefused("not-a-consent", Issue.NOT_SUPPORTED, sentence, f"{root_name(root.value)}.resourceType")
    for name, release in ELSEWHERE.items():
        if root.child(name) is not None:
            sentence = f"This is how FHIR {release} has it. Send FHIR R4 (4.0.1)."
            raise FhirRefused("not-r4", Issue.NOT_SUPPORTED, sentence, f"Consent.{name}")
    status = root.one_of("status", STATUSES)
    if status is None:
        raise wrong("Consent.status", "A Consent says its status.", Issue.REQUIRED)
    if status not in STANDING:
        sentence = "This consent is not in force where it comes from; there is nothing to draw up from it."
        raise FhirRefused("consent-not-in-force", Issue.BUSINESS_RULE, sentence, "Consent.status")
    _require_privacy(root)


def _require_privacy(root: Element) -> None:
    scope = root.child("scope")
    if scope is None:
        raise wrong("Consent.scope", "A Consent says its scope.", Issue.REQUIRED)
    if (SCOPE, PRIVACY) not in set(_codings(scope)):
        sentence = "Only consents to disclosure are taken: scope patient-privacy."
        raise FhirRefused("consent-scope-not-privacy", Issue.NOT_SUPPORTED, sentence, "Consent.scope")


def _rule(root: Element, remarks: Remarks) -> Element:
    """Return the rule that permits: the root's own, or the one nested in it. What only refuses is no consent."""
    whole = root.child("provision")
    if whole is None:
        raise wrong("Consent.provision", "The Consent permits nothing.", Issue.REQUIRED, "consent-permits-nothing")
    nested = whole.children("provision")
    permits = [one for one in nested if _kind(one) == "permit"]
    if len(permits) != len(nested):
        remarks.say("exception-not-taken")
    if len(permits) > 1:
        sentence = "One consent holds one permission. Send each as a Consent of its own."
        raise FhirRefused("consent-of-several-rules", Issue.NOT_SUPPORTED, sentence, permits[1].path)
    rule = permits[0] if permits else whole
    if _kind(rule) == "deny":
        sentence = "This refuses and permits nothing. Record what the person does not want as a restriction."
        raise FhirRefused("consent-denies", Issue.BUSINESS_RULE, sentence, f"{rule.path}.type")
    if _narrowed(rule) or (permits and (rule.child("provision") or _narrowed(whole, *TAKEN))):
        remarks.say("narrowing-not-taken")
    return rule


def _narrowed(rule: Element, *more: str) -> bool:
    return any(rule.child(name) is not None for name in (*NEVER_TAKEN, *more))


def _kind(rule: Element) -> str | None:
    return rule.one_of("type", ("permit", "deny"))


def _codings(concept: Element) -> list[tuple[str, str]]:
    """Return the systems and codes of a CodeableConcept."""
    return [pair for one in concept.children("coding") if (pair := _pair(one))]


def _pair(coding: Element) -> tuple[str, str] | None:
    system, code = coding.line("system"), coding.line("code")
    return (system, code) if system and code else None


def _type(root: Element, purposes: Sequence[Any]) -> ConsentType:
    """Return the kind by our own category; otherwise the single TPO consent if those three are all its purposes."""
    for concept in root.children("category"):
        for pair in _codings(concept):
            if pair in TYPES:
                return TYPES[pair]
    return ConsentType.TPO if set(purposes) == TPO else ConsentType.NAMED_RECIPIENTS


def _person(root: Element) -> str | None:
    found = root.child("patient")
    return None if found is None else found.line("reference")


def _period(rule: Element, remarks: Remarks) -> dict[str, Any]:
    """Return the first day and the end; FHIR's period holds its last day too, as ours does."""
    period = rule.child("period")
    if period is None:
        return {}
    start, end = _day(period, "start", remarks), _day(period, "end", remarks)
    expiry = {"expiry": {"kind": ExpiryKind.DATE, "on": end}} if end else {}
    return {"starts_on": start, **expiry}


def _day(period: Element, name: str, remarks: Remarks) -> date | None:
    found = period.child(name)
    if found is None:
        return None
    if isinstance(found.value, str) and PART_OF_DAY.fullmatch(found.value):
        remarks.say(f"{name}-incomplete")
        return None
    matched = MOMENT.fullmatch(found.value) if isinstance(found.value, str) else None
    try:
        return date.fromisoformat(matched[1] if matched else "")
    except ValueError:
        raise wrong(found, "This must be a date.") from None


@dataclass(frozen=True, slots=True)
class _Given:
    """What the rule that permits says: what, to whom, by whom, why."""

    holder: Resource
    rule: Element
    remarks: Remarks

    def coded(self, name: str, known: Mapping[tuple[str, str], Found], remark: str) -> list[Found]:
        """Return what the codes of an element mean, each once; a code that means nothing here is remarked."""
        meant: list[Found] = []
        for coding in self.rule.children(name):
            pair = _pair(coding)
            if pair is None or pair not in known:
                self.remarks.say(remark)
            elif known[pair] not in meant:
                meant.append(known[pair])
        return meant

    def recipients(self) -> list[dict[str, Any]]:
        return [self._recipient(meant, name) for meant, name in self._named(RECEIVER, "recipient-not-named")]

    def disclosers(self) -> list[str]:
        named = self._named(DISCLOSER, "discloser-not-named")
        return list(dict.fromkeys(name for _, name in named))

    def _recipient(self, meant: Resource | None, name: str) -> dict[str, Any]:
        codes = [pair for one in meant.element.children("type") for pair in _codings(one)] if meant else []
        covered = next((COVERED[pair] for pair in codes if pair in COVERED), None)
        if covered is None:
            self.remarks.say("covered-entity-unsure")
        of_class = next((CLASSES[pair] for pair in codes if pair in CLASSES), None)
        said = {"recipient_class": of_class} if of_class else {"name": name}
        return {**said, "covered_entity": bool(covered)}

    def _named(self, role: str, remark: str) -> list[tuple[Resource | None, str]]:
        """Return who acts in a role, with what they are called."""
        actors = self.rule.children("actor")
        if len(actors) > 2 * MOST_ACTORS:
            raise wrong(f"{self.rule.path}.actor", f"Send at most {2 * MOST_ACTORS} of these.", Issue.TOO_LONG)
        found: list[tuple[Resource | None, str]] = []
        for actor in actors:
            roles = _roles(actor)
            if not roles & {RECEIVER, DISCLOSER}:
                self.remarks.say("actor-not-taken")
            if role in roles:
                meant, name = self._called(actor)
                if name is None:
                    self.remarks.say(remark)
                else:
                    found.append((meant, name))
        return found

    def _called(self, actor: Element) -> tuple[Resource | None, str | None]:
        reference = actor.child("reference")
        if reference is None:
            raise wrong(f"{actor.path}.reference", "An actor refers to somebody.", Issue.REQUIRED)
        said = reference.line("reference") or ""
        meant = contained(self.holder, said[1:]) if said.startswith("#") and said != "#" else None
        name = _name(meant) if meant else None
        return meant, name or reference.line("display")


def _roles(actor: Element) -> set[str]:
    role = actor.child("role")
    if role is None:
        raise wrong(f"{actor.path}.role", "An actor has a role.", Issue.REQUIRED)
    return {code for system, code in _codings(role) if system == PARTICIPATION}


def _name(meant: Resource) -> str | None:
    """Return what an organization or person is called; of anything else, nothing."""
    if meant.kind in PEOPLE:
        return next((name for one in meant.element.children("name") if (name := full_name(one))), None)
    return meant.element.line("name") if meant.kind == "Organization" else None


def _terms(values: Mapping[str, Any]) -> ConsentTerms:
    """Return our own terms; what our own bounds refuse is said of the element that it came from."""
    try:
        return ConsentTerms.model_validate(values)
    except ValidationError as error:
        place = FROM.get(str(error.errors()[0]["loc"][0]), "provision")
        sentence = "This cannot be kept as it is."
        raise FhirRefused("bad-element", Issue.VALUE, sentence, f"Consent.provision.{place}") from None
