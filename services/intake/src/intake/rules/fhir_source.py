"""Who refers, by a FHIR R4 document, and what the references in it are called."""

from dataclasses import dataclass, field

from intake.rules.fhir_bundle import Document, Resource
from intake.rules.fhir_patient import Reading, full_name
from intake.rules.fhir_reading import Element, Issue, wrong

PEOPLE = ("Practitioner", "Patient", "RelatedPerson")


@dataclass(slots=True)
class Source:
    organization: str | None = None
    person: str | None = None
    phone: str | None = None
    said_by: list[Element] = field(default_factory=list)

    @property
    def is_named(self) -> bool:
        return bool(self.organization or self.person)


def source_of(document: Document, patient: Resource, request: Resource | None, reading: Reading) -> Source:
    """Return who refers: the requester or sender; where nobody says, who keeps or last met the person."""
    source = Source()
    for stated, senders in ((True, _senders(document, request)), (False, _keepers(document, patient))):
        for asking, reference in senders:
            _describe_source(document, asking, reference, source)
            if source.is_named:
                return _taken_source(source, reading, stated=stated)
    organizations = [one for one in document.of("Organization") if one.element.line("name")]
    if len(organizations) == 1:
        source.organization = organizations[0].element.line("name")
        source.said_by.append(organizations[0].element)
        return _taken_source(source, reading, stated=False)
    reading.remarks.say("source-not-named")
    return source


def _taken_source(source: Source, reading: Reading, *, stated: bool) -> Source:
    for place, element in enumerate(source.said_by):
        reading.take(f"/source/{place}", element)
    if not stated:
        reading.remarks.say("source-inferred")
    return source


Senders = list[tuple[Resource, Element]]


def _senders(document: Document, request: Resource | None) -> Senders:
    asked = [(request, request.element.child("requester"))] if request is not None else []
    asked += [(one, one.element.child("sender")) for one in document.of("MessageHeader")]
    for one in document.of("Composition"):
        asked += [(one, author) for author in one.element.children("author")]
        asked.append((one, one.element.child("custodian")))
    return [(one, reference) for one, reference in asked if reference is not None]


def _keepers(document: Document, patient: Resource) -> Senders:
    asked = [(patient, patient.element.child("managingOrganization"))]
    if last := _last_encounter(document, patient):
        asked.append((last, last.element.child("serviceProvider")))
    return [(one, reference) for one, reference in asked if reference is not None]


def _last_encounter(document: Document, patient: Resource) -> Resource | None:
    def began(one: Resource) -> str:
        period = one.element.child("period")
        return (code_in(period, "start") or "") if period is not None else ""

    met = [one for one in document.of("Encounter") if is_about(document, one, patient, "subject")]
    return max(met, key=began, default=None)


def _describe_source(document: Document, asking: Resource, reference: Element, source: Source) -> None:
    meant = document.resolve(asking, reference)
    if meant is not None and meant.kind == "PractitionerRole":
        for name in ("organization", "practitioner"):
            if (inner := meant.element.child(name)) is not None:
                _describe_source(document, meant, inner, source)
        if not source.is_named:
            source.organization = reference.line("display")
    elif meant is not None and meant.kind in PEOPLE:
        source.person = source.person or named(document, asking, reference)
    else:
        source.organization = source.organization or named(document, asking, reference)
    source.said_by += [reference] if meant is None else [reference, meant.element]
    if meant is not None and source.phone is None:
        phones = (one.line("value") for one in meant.element.children("telecom") if code_in(one, "system") == "phone")
        source.phone = next((phone for phone in phones if phone), None)


def named(document: Document, asking: Resource, reference: Element) -> str | None:
    """Return what a Reference is called: by the resource that it means, by its display, or by its identifier."""
    meant = document.resolve(asking, reference)
    if meant is not None and meant.kind == "Organization" and (name := meant.element.line("name")):
        return name
    if meant is not None and meant.kind in PEOPLE:
        names = (full_name(one) for one in meant.element.children("name"))
        if name := next((one for one in names if one), None):
            return name
    identifier = reference.child("identifier")
    return reference.line("display") or (None if identifier is None else identifier.line("value"))


def is_about(document: Document, one: Resource, patient: Resource, name: str) -> bool:
    """Tell whether a resource says that it is this patient's: one that names another, or nobody, is left out."""
    reference = one.element.child(name)
    if reference is None:
        return False
    if (meant := document.resolve(one, reference)) is not None:
        return meant.path == patient.path
    said = code_in(reference, "reference")
    return said is None or (patient.id is not None and said.endswith(f"Patient/{patient.id}"))


def code_in(element: Element, name: str) -> str | None:
    """Return a code that is looked at, but never kept."""
    found = element.child(name)
    if found is None:
        return None
    if not isinstance(found.value, str):
        raise wrong(found, "This must be a string.", Issue.STRUCTURE)
    return found.value
