"""Reading FHIR's JSON element by element: each knows where it stands, so that a refusal can name it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from pydantic import TypeAdapter, ValidationError

from common.text import Line, Prose

MOST_ELEMENTS = 1000
LINE: TypeAdapter[str] = TypeAdapter(Line)
PROSE: TypeAdapter[str] = TypeAdapter(Prose)


class Issue(StrEnum):
    """The codes of FHIR's IssueType that are used here."""

    STRUCTURE = "structure"
    REQUIRED = "required"
    NOT_FOUND = "not-found"
    VALUE = "value"
    CODE_INVALID = "code-invalid"
    TOO_LONG = "too-long"
    MULTIPLE_MATCHES = "multiple-matches"
    NOT_SUPPORTED = "not-supported"
    BUSINESS_RULE = "business-rule"


class FhirRefused(Exception):
    """A document that makes no referral: `expressions` name the elements at fault; `sentence` holds none of its values.

    `code`: ours, for the audit.
    """

    def __init__(self, code: str, issue: Issue, sentence: str, *expressions: str) -> None:
        super().__init__(code)
        self.code = code
        self.issue = issue
        self.sentence = sentence
        self.expressions = expressions


def wrong(place: "Element | str", sentence: str, issue: Issue = Issue.VALUE, code: str = "bad-element") -> FhirRefused:
    path = place if isinstance(place, str) else place.path
    return FhirRefused(code, issue, sentence, path)


@dataclass(frozen=True, slots=True)
class Element:
    """A value and its FHIRPath. What is null is not there, as FHIR has it."""

    value: object
    path: str

    @property
    def fields(self) -> Mapping[str, object]:
        if not isinstance(self.value, dict):
            raise wrong(self, "This must be an object.", Issue.STRUCTURE)
        return self.value

    def child(self, name: str) -> "Element | None":
        found = self.fields.get(name)
        return None if found is None else Element(found, f"{self.path}.{name}")

    def children(self, name: str) -> Sequence["Element"]:
        found = self.child(name)
        if found is None:
            return ()
        if not isinstance(found.value, list):
            raise wrong(found, "This must be an array.", Issue.STRUCTURE)
        if len(found.value) > MOST_ELEMENTS:
            raise wrong(found, f"Send at most {MOST_ELEMENTS:,} of these.", Issue.TOO_LONG)
        return [Element(one, f"{found.path}[{at}]") for at, one in enumerate(found.value) if one is not None]

    def text(self) -> str | None:
        """Return one line of text without outer or doubled spaces; None for a blank one."""
        if not isinstance(self.value, str):
            raise wrong(self, "This must be a string.", Issue.STRUCTURE)
        whole = " ".join(self.value.split())
        try:
            return LINE.validate_python(whole) if whole else None
        except ValidationError as error:
            if len(whole) > 200:
                raise wrong(self, "This is longer than 200 characters.", Issue.TOO_LONG) from None
            if error.errors()[0]["msg"].endswith("must not be blank"):
                return None
            raise wrong(self, "This holds control or direction characters.") from None

    def prose(self) -> str:
        """Return text of several lines."""
        try:
            return PROSE.validate_python(self.value)
        except ValidationError:
            raise wrong(self, "This holds control characters, or more than 8,000 characters.") from None

    def line(self, name: str) -> str | None:
        found = self.child(name)
        return None if found is None else found.text()

    def flag(self, name: str) -> bool | None:
        found = self.child(name)
        if found is None:
            return None
        if not isinstance(found.value, bool):
            raise wrong(found, "This must be true or false.", Issue.STRUCTURE)
        return found.value

    def one_of(self, name: str, codes: Sequence[str]) -> str | None:
        found = self.child(name)
        if found is None:
            return None
        if not isinstance(found.value, str):
            raise wrong(found, "This must be a string.", Issue.STRUCTURE)
        if found.value not in codes:
            raise wrong(found, f"This must be {', '.join(codes[:-1])} or {codes[-1]}.", Issue.CODE_INVALID)
        return found.value


class Twice(dict[str, object]):
    """An object that names a field twice: readers would disagree about what it says."""

    name = ""


def read_json(content: bytes) -> object:
    """Return what the bytes say. Raises `FhirRefused` for what is not strict JSON."""
    twice: list[Twice] = []

    def pairs(found: list[tuple[str, object]]) -> dict[str, object]:
        whole = dict(found)
        if len(whole) == len(found):
            return whole
        names = [name for name, _ in found]
        double = Twice(whole)
        double.name = next(name for name in names if names.count(name) > 1)
        twice.append(double)
        return double

    try:
        read: object = json.loads(content.decode("utf-8-sig"), object_pairs_hook=pairs, parse_constant=_no_constant)
    except RecursionError:
        raise wrong("Resource", "No resource nests as deep as this.", Issue.STRUCTURE, "too-deep") from None
    except ValueError:
        raise wrong("Resource", "The body is not JSON in UTF-8.", Issue.STRUCTURE, "malformed-json") from None
    if twice:
        raise wrong(_path_of_twice(read), "This field is there twice.", Issue.STRUCTURE, "field-twice")
    return read


def _no_constant(name: str) -> object:
    raise ValueError(name)  # NaN and Infinity are no JSON


def _path_of_twice(read: object) -> str:
    """Return the path of the first field that is there twice, from the top down."""
    waiting: list[tuple[object, str]] = [(read, root_name(read))]
    for value, path in waiting:  # grows while it is walked
        if isinstance(value, Twice):
            return f"{path}.{value.name[:60]}" if value.name.isidentifier() else path
        if isinstance(value, dict):
            waiting += [(inner, f"{path}.{name}") for name, inner in value.items()]
        elif isinstance(value, list):
            waiting += [(inner, f"{path}[{at}]") for at, inner in enumerate(value)]
    return "Resource"


def root_name(read: object) -> str:
    """Return how paths begin: with the type of the resource, if it has one that can be said."""
    kind = read.get("resourceType") if isinstance(read, dict) else None
    return kind if isinstance(kind, str) and kind.isascii() and kind.isalpha() and len(kind) <= 60 else "Resource"
