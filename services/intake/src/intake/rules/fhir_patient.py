"""Who a FHIR R4 Patient is, as far as an intake needs it: the rest of the resource is not read."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from pydantic import TypeAdapter, ValidationError

from common.contracts.codes import Sex
from common.text import Email
from intake.rules.fhir_reading import Element, Issue, wrong

EMAIL: TypeAdapter[str] = TypeAdapter(Email)
FULL_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
PART_DATE = re.compile(r"\d{4}(-(0[1-9]|1[0-2]))?", re.ASCII)
LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8}){0,4}", re.ASCII)
EARLIEST = date(1900, 1, 1)
NAME_USES = ("usual", "official", "temp", "nickname", "anonymous", "old", "maiden")
CALLED = ("nickname", "anonymous")
FORMER = ("old", "maiden")
POINT_SYSTEMS = ("phone", "fax", "email", "pager", "url", "sms", "other")
POINT_USES = ("home", "work", "temp", "old", "mobile")
ADDRESS_USES = ("home", "work", "temp", "old", "billing")
MOST_CONTACTS = 10
LAST = 1_000_000


class Remarks(list[str]):
    """What a reader should know of how the document was read, as codes, each once."""

    def say(self, code: str) -> None:
        if code not in self:
            self.append(code)


@dataclass(slots=True)
class Reading:
    """What was taken so far: values by where they go in a referral, and from which elements they are."""

    today: date
    taken: dict[str, str] = field(default_factory=dict)  # JSON pointer: FHIRPath
    remarks: Remarks = field(default_factory=Remarks)

    def take(self, pointer: str, element: Element) -> None:
        self.taken[pointer] = element.path


@dataclass(slots=True)
class Person:
    name: str | None = None
    alias: str | None = None
    birth_date: date | None = None
    sex: Sex = Sex.UNKNOWN
    phone: str | None = None
    email: str | None = None
    address: str | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Contact:
    name: str
    relation: str | None
    phone: str | None


def person_of(patient: Element, reading: Reading) -> Person:
    """Return who the Patient is. Raises `FhirRefused` naming the element that is broken."""
    person = Person()
    _name(patient, person, reading)
    person.birth_date = _birth_date(patient, reading)
    if gender := patient.one_of("gender", [sex.value for sex in Sex]):
        person.sex = Sex(gender)
        reading.taken["/person/sex"] = f"{patient.path}.gender"
    points = patient.children("telecom")
    person.phone = _reach(points, ("phone", "sms"), "/person/phone", reading)
    person.email = _reach(points, ("email",), "/person/email", reading)
    person.address = _address(patient, reading)
    person.language = _language(patient, reading)
    _remark_states(patient, reading)
    return person


def _remark_states(patient: Element, reading: Reading) -> None:
    when = patient.child("deceasedDateTime")
    if when is not None and not isinstance(when.value, str):
        raise wrong(when, "This must be a string.", Issue.STRUCTURE)
    if when is not None or patient.flag("deceasedBoolean"):
        reading.remarks.say("patient-deceased")
    if patient.flag("active") is False:
        reading.remarks.say("patient-record-inactive")


def _name(patient: Element, person: Person, reading: Reading) -> None:
    """Find what the person is called: officially or usually, and the name they go by."""
    named = [(one, one.one_of("use", NAME_USES), full_name(one)) for one in patient.children("name")]
    order = {use: place for place, use in enumerate(("official", "usual", None, "temp"))}
    proper = [(order[use], one, text) for one, use, text in named if text and use in order]
    current = [entry for entry in proper if _is_current(entry[1], reading.today)] or proper
    if current:
        _, element, person.name = min(current, key=lambda entry: entry[0])
        reading.take("/person/name", element)
    for one, use, text in named:
        if use in CALLED and text and person.alias is None and _is_current(one, reading.today):
            person.alias = text
            reading.take("/person/alias", one)
    if person.name is None and person.alias is None:
        first = next((one.path for one, _, _ in named), f"{patient.path}.name")
        raise wrong(first, "Give the person's name, or what they are called.", Issue.REQUIRED, "no-name")


def full_name(name: Element) -> str | None:
    """Return a HumanName in one piece, in the order of its text if that holds the same words, without titles."""
    family = name.child("family")
    if family is not None and isinstance(family.value, list):
        raise wrong(family, "This is how FHIR DSTU2 has it. Send FHIR R4 (4.0.1).", Issue.NOT_SUPPORTED, "not-r4")
    parts = [one.text() for one in name.children("given")]
    parts += [None if family is None else family.text(), *(one.text() for one in name.children("suffix"))]
    joined = " ".join(part for part in parts if part)
    said = name.child("text")
    text = None if said is None else said.text()
    if not joined or (text and sorted(text.split()) == sorted(joined.split())):
        return text
    return _bounded(joined, name)


def _bounded(text: str, element: Element) -> str:
    if len(text) > 200:
        raise wrong(element, "This is longer than 200 characters.", Issue.TOO_LONG)
    return text


def _is_current(element: Element, today: date) -> bool:
    """Tell whether an element's period has not ended; a day that is not whole ends with its last."""
    period = element.child("period")
    end = None if period is None else period.child("end")
    if end is None:
        return True
    if not isinstance(end.value, str) or not re.match(r"\d{4}(-\d{2}(-\d{2})?)?", end.value, re.ASCII):
        raise wrong(end, "This must be a date.")
    last = end.value[:10]
    return last + "9999-99-99"[len(last) :] >= today.isoformat()


def _birth_date(patient: Element, reading: Reading) -> date | None:
    found = patient.child("birthDate")
    if found is None:
        return None
    if isinstance(found.value, str) and PART_DATE.fullmatch(found.value):
        reading.remarks.say("birth-date-incomplete")
        return None
    day = day_of(found)
    if day < EARLIEST or day > reading.today:
        raise wrong(found, "A birth date lies between 1900 and today.", code="birth-date-out-of-range")
    reading.take("/person/birth_date", found)
    return day


def day_of(element: Element) -> date:
    """Return a whole date. Raises `FhirRefused`."""
    try:
        if isinstance(element.value, str) and FULL_DATE.fullmatch(element.value):
            return date.fromisoformat(element.value)
    except ValueError:
        pass
    raise wrong(element, "This must be a date, such as 1990-05-17.")


def _reach(points: Sequence[Element], systems: Sequence[str], pointer: str, reading: Reading) -> str | None:
    """Return the best telephone number or address: by rank, then mobile before home before the rest."""
    order = {use: place for place, use in enumerate(("mobile", "home", None, "temp", "work"))}
    usable: list[tuple[int, int, int, Element, str]] = []
    for place, one in enumerate(points):
        use, system = one.one_of("use", POINT_USES), one.one_of("system", POINT_SYSTEMS)
        text = one.line("value")
        if system in systems and use in order and text and _is_current(one, reading.today):
            usable.append((_rank(one), order[use], place, one, text))
    for _, _, _, one, text in sorted(usable, key=lambda entry: entry[:3]):
        if "email" not in systems or _is_email(text):
            reading.take(pointer, one)
            return text
        reading.remarks.say("email-unusable")
    return None


def _rank(point: Element) -> int:
    found = point.child("rank")
    if found is None:
        return LAST
    if isinstance(found.value, bool) or not isinstance(found.value, int) or found.value < 1:
        raise wrong(found, "This must be a whole number from 1.", Issue.STRUCTURE)
    return min(found.value, LAST)


def _is_email(text: str) -> bool:
    try:
        EMAIL.validate_python(text)
    except ValidationError:
        return False
    return True


def _address(patient: Element, reading: Reading) -> str | None:
    order = {use: place for place, use in enumerate(("home", None, "temp", "work"))}
    usable: list[tuple[int, int, Element, str]] = []
    for place, one in enumerate(patient.children("address")):
        use, text = one.one_of("use", ADDRESS_USES), _address_line(one)
        if use in order and text and _is_current(one, reading.today):
            usable.append((order[use], place, one, text))
    if not usable:
        return None
    _, _, element, address = min(usable, key=lambda entry: entry[:2])
    reading.take("/person/address", element)
    return address


def _address_line(address: Element) -> str | None:
    """Return an address on one line: its parts as an envelope has them, or else its text."""
    lines = [text for one in address.children("line") if (text := one.text())]
    town = " ".join(filter(None, (address.line("state"), address.line("postalCode"))))
    parts = [*lines, address.line("city"), town, address.line("country")]
    joined = ", ".join(part for part in parts if part)
    if not lines and (text := address.line("text")):
        return text
    return _bounded(joined, address) or None


def _language(patient: Element, reading: Reading) -> str | None:
    """Return the language to speak, as a BCP 47 code: the one preferred, else the first."""
    spoken = patient.children("communication")
    preferred = sorted(spoken, key=lambda one: not one.flag("preferred"))
    for one in preferred:
        concept = one.child("language")
        if concept is None:
            continue
        if code := next((code for code in codes_of(concept) if LANGUAGE.fullmatch(code)), None):
            reading.take("/person/language", concept)
            return code
        reading.remarks.say("language-not-coded")
    return None


def codes_of(concept: Element) -> list[str]:
    return [code for coding in concept.children("coding") if (code := coding.line("code"))]


def concept_text(concept: Element) -> str | None:
    """Return a CodeableConcept in words: its text, or what its first coding is displayed as."""
    shown = [text for coding in concept.children("coding") if (text := coding.line("display"))]
    return concept.line("text") or next(iter(shown), None)


def contacts_of(patient: Element, reading: Reading) -> list[Contact]:
    """Return who is close to the person; a contact without a name is nobody to ask for."""
    contacts: list[Contact] = []
    for one in patient.children("contact"):
        named, points = one.child("name"), one.children("telecom")
        name = None if named is None else full_name(named)
        relations = [
            concept_text(concept) or next(iter(codes_of(concept)), None) for concept in one.children("relationship")
        ]
        if name is None or not _is_current(one, reading.today):
            reading.remarks.say("contact-left-out")
            continue
        if len(contacts) == MOST_CONTACTS:
            reading.remarks.say("more-contacts-left-out")
            break
        pointer = f"/contacts/{len(contacts)}"
        reading.take(pointer, one)
        relation = next((text for text in relations if text), None)
        contacts.append(Contact(name, relation, _reach(points, ("phone", "sms"), f"{pointer}/phone", reading)))
    return contacts
