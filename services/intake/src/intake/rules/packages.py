"""What is put together for one recipient: the fields that its view opens, the statement, the scope, and its pages."""

import hashlib
from collections.abc import Iterator, Mapping
from datetime import date
from enum import StrEnum
from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict, Field

from common.contracts.codes import DisclosureBasis, RecordOrigin
from intake.rules.consent_words import form_in, scope_explanation
from intake.rules.consents import ConsentTerms, Purpose
from intake.rules.disclosures import Channel, DisclosureTerms, RecipientKind, ScopeAttached, View
from intake.rules.own import DIMENSIONS, STANDINGS
from intake.rules.package_words import FIELD_LABELS, PAGE_WORDS, PART_LABELS
from intake.rules.statements import STATEMENTS, Language, Statement, StatementKind, current, digest
from intake.rules.views import ShownField


class PackageState(StrEnum):
    PREPARED = "prepared"
    HANDED_OVER = "handed_over"
    CANCELLED = "cancelled"


class AccompanyingStatement(BaseModel):
    """The statement of 42 CFR 2.32(a), word for word."""

    code: str
    words: str
    sha256: str


class AccompanyingScope(BaseModel):
    """What the consent covers, for whoever reads the package (42 CFR 2.32(b))."""

    words: str
    sha256: str


class PackageRecipient(BaseModel):
    name: str | None = None
    address: str | None = None


class DisclosurePackage(BaseModel):
    """What a recipient gets, and no more. `fields`: by name, each as its view shows it."""

    model_config = ConfigDict(populate_by_name=True)

    prepared_on: date
    language: Language
    view: View
    sender: list[str] = Field(alias="from", description="who may disclose, as the consent says")
    to: PackageRecipient
    purpose: Purpose
    notice: AccompanyingStatement | None = None
    fields: dict[ShownField, Any]
    scope: AccompanyingScope | None = None
    origin: RecordOrigin
    do_not_pass_on: bool = False


def with_papers(wish: DisclosureTerms) -> DisclosureTerms:
    """Return the wish with the statement and the scope that a package of it always carries, as asked or by default."""
    if wish.recipient.kind is RecipientKind.PERSON:
        return wish
    statement = statement_for(wish)
    scope = wish.scope_attached or ScopeAttached.EXPLANATION
    return wish.model_copy(
        update={
            "notice_statement": wish.notice_statement or (statement.code if statement else None),
            "scope_attached": scope if wish.basis is DisclosureBasis.CONSENT else None,
        }
    )


def statement_for(wish: DisclosureTerms) -> Statement | None:
    """Return the statement that goes with it if none is named: the short one on the line of a fax and by phone."""
    if wish.basis is DisclosureBasis.HIPAA_PERMITTED or wish.recipient.kind is RecipientKind.PERSON:
        return None
    short = wish.channel in (Channel.FAX, Channel.PHONE)
    return current(StatementKind.ACCOMPANYING_SHORT if short else StatementKind.ACCOMPANYING_LONG)


def notice_of(wish: DisclosureTerms) -> AccompanyingStatement | None:
    """Return the words of the statement that a wish names; law text, so always the English ones."""
    statement = STATEMENTS.get(wish.notice_statement or "")
    if statement is None:
        return None
    words = statement.words["en"]
    return AccompanyingStatement(code=statement.code, words=words, sha256=digest(words))


def scope_of(terms: ConsentTerms | None, language: Language, place: int | None) -> AccompanyingScope | None:
    """Return what the consent covers, as the one recipient at `place` reads it."""
    if terms is None:
        return None
    words = scope_explanation(terms, language, place)
    return AccompanyingScope(words=words, sha256=digest(words))


def signed_copy(words: str, terms: ConsentTerms, language: Language) -> AccompanyingScope:
    """Return a copy of a consent: its words as they were signed, then by whom and on which day."""
    form, signature = form_in(language), terms.signature
    if signature is not None and terms.signed_at is not None:
        signed = PAGE_WORDS[language]["signed"]
        day = form.written(terms.signed_at.date())
        words = f"{words.rstrip()}\n\n{signed.format(signer=_plain(signature.signer or '-'), day=day)}\n"
    return AccompanyingScope(words=words, sha256=digest(words))


def canonical(package: DisclosurePackage) -> bytes:
    """Return the one JSON document that a package is; its digest is taken of these bytes."""
    return orjson.dumps(package.model_dump(mode="json", by_alias=True), option=orjson.OPT_SORT_KEYS)


def content_sha256(package: DisclosurePackage) -> str:
    return hashlib.sha256(canonical(package)).hexdigest()


def document_words(package: DisclosurePackage) -> str:
    """Return a package as lines for `pages.page`: first the statement, then what is disclosed, then the scope."""
    return "\n".join(_lines(package)) + "\n"


def _lines(package: DisclosurePackage) -> Iterator[str]:
    words = PAGE_WORDS[package.language]
    yield f"# {words['title']}"
    yield ""
    if package.notice:
        yield from (_plain(line) for line in package.notice.words.splitlines())
        yield ""
    yield from _heading(package, words)
    for name, value in package.fields.items():
        yield f"## {FIELD_LABELS[name][package.language]}"
        yield from _value(value, package.language)
        yield ""
    if package.scope:
        yield f"## {words['scope']}"
        yield from package.scope.words.splitlines()


def _heading(package: DisclosurePackage, words: Mapping[str, str]) -> Iterator[str]:
    form = form_in(package.language)
    yield f"- {words['prepared']}: {form.written(package.prepared_on)}"
    if package.sender:
        yield f"- {words['from']}: {_plain('; '.join(package.sender))}"
    if package.to.name:
        yield f"- {words['to']}: {_plain(', '.join(part for part in (package.to.name, package.to.address) if part))}"
    yield f"- {words['purpose']}: {form.scope_purpose_of[package.purpose]}"
    if package.do_not_pass_on:
        yield f"- {words['do_not_pass_on']}"
    yield ""


def _value(value: Any, language: Language) -> Iterator[str]:
    """Yield the lines of one field: a list as a list, a record as its parts in one line."""
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, dict):
            parts = (f"{_label(name, language)} {_shown(part, language)}" for name, part in one.items())
            yield "- " + "; ".join(parts)
        else:
            yield f"- {_shown(one, language)}"


def _label(name: str, language: Language) -> str:
    pair = PART_LABELS.get(name)
    return f"{pair[language]}:" if pair else f"{_plain(name).replace('_', ' ')}:"


CODES = {str(code): pair for labels in (DIMENSIONS, STANDINGS) for code, pair in labels.items()}


def _shown(value: Any, language: Language) -> str:
    if isinstance(value, bool):
        return PAGE_WORDS[language]["yes" if value else "no"]
    if isinstance(value, dict):
        return ", ".join(f"{_plain(str(name)).replace('_', ' ')} {_plain(str(part))}" for name, part in value.items())
    if isinstance(value, list):
        return ", ".join(_plain(str(one)) for one in value)
    if value is None:
        return "-"
    english, spanish = CODES.get(str(value), (str(value), str(value)))
    return _plain(spanish if language == "es" else english)


def _plain(words: str) -> str:
    """Return words in one line, so that nothing in them can pass for a heading or an entry."""
    return " ".join(words.split()).lstrip("#- ")
